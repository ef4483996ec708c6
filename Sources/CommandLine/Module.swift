// CommandLine: what `swiftlet` does for people and scripts, apart from being the agent.
//
// Owns: the client commands, their words and flags (kubectl's where kubectl has them), the rendering of tables and
//   descriptions, the client of the HTTP API over a unix socket or loopback TCP, and the exit codes: 0 done, 1 the
//   agent said no, 2 not understood, 3 the agent cannot be reached.
// Reads: the API, manifests, archives of images, SWIFTLET_SOCKET.
// Emits: answers on standard output; progress, warnings and errors on standard error.
// Never does: import a server module. What needs one (the default configuration, checking a database) is given to it
//   by the executable as a closure, see `LocalActions`.
