/// # Systemd
///
/// Asks systemd for transient units over D-Bus, without libsystemd, so that static executables can do it.
///
/// - Owns: one connection, for as long as a `SystemdManager` lives.
/// - Reads: the socket of systemd itself (`/run/systemd/private`) or of a message bus.
/// - Emits: typed errors that keep the name that D-Bus gives them.
/// - Never does: threads, descriptor passing, big-endian peers, watching for longer than one job takes.
///
/// `BusValue` and `BusMessage` are the wire format (D-Bus specification, "Message Protocol"), `BusConnection` is the
/// conversation, `SystemdManager` the few calls of org.freedesktop.systemd1 (man 5 org.freedesktop.systemd1) that a
/// container runtime needs, and `UnitName` what slices and scopes are called.
