/// Asked by CLinux before `main`: the commands that put a process into a container run sealed.
///
/// Too many are harmless (they cost an execve); too few are not, so `Commands.seal` looks again.
@_cdecl("swl_wants_seal")
func wantsSeal(_ count: Int32, _ arguments: UnsafePointer<UnsafePointer<CChar>?>) -> Int32 {
    for index in 1..<max(1, Int(count)) {
        guard let argument = unsafe arguments[index] else { return 0 }
        if unsafe matches(argument, "create") || matches(argument, "run") || matches(argument, "exec") { return 1 }
    }
    return 0
}

/// strcmp(3) without the C library's state.
private func matches(_ text: UnsafePointer<CChar>, _ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount where unsafe UInt8(bitPattern: text[index]) != word.utf8Start[index] {
        return false
    }
    return unsafe text[word.utf8CodeUnitCount] == 0
}
