import CLinux
import Glibc

/// Several descriptors as one: `raw` is readable while one of them is (epoll(7)). One that is closed is in it no more.
package final class ReadableSet {
    private let epoll: Descriptor

    package init(_ numbers: [Int32]) throws(SysError) {
        epoll = Descriptor(owning: try swl("epoll_create1", "") { swl_epoll_create() })
        let raw = epoll.raw
        let add: Int32 = 1  // EPOLL_CTL_ADD
        for number in numbers {
            try swl("epoll_ctl", "descriptor \(number)") {
                swl_epoll_ctl(raw, add, number, Readiness.readable.rawValue, UInt64(number))
            }
        }
    }

    package var raw: Int32 { epoll.raw }
}
