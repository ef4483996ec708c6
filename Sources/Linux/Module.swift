// Linux: system calls as typed, throwing Swift, and nothing above them.
//
// Owns: descriptors (`Descriptor` closes what it holds), the event loop, loop threads and thread pools it is asked for.
// Reads: /proc, /sys, files and sockets that a caller names. Emits: values, and `SysError` with the call, its subject
// and the errno. Never does: know of containers, pods or images, keep a log, import Foundation, use Swift concurrency.
//
// One topic a file. What Swift cannot call (variadics, clone3, the stage between clone and exec) is C, in CLinux.
