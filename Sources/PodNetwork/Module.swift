// PodNetwork: what connects a pod's network namespace to the world.
//
// Owns: the interfaces inside a pod's network namespace. Reads: nothing but the request. Emits: what it attached, as a
// value. Never does: keep a log, decide about pods, touch the host's own interfaces.
//
// It is called PodNetwork because a module named Network makes `canImport(Network)` true in the packages we build on,
// which then believe that they run on macOS.
