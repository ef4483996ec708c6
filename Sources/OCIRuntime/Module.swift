/// # OCIRuntime
///
/// Turns a bundle's `config.json` into a running container, and takes it away again.
///
/// - Owns: the state directory of every container (`<root>/<id>/state.json`, `exec.fifo`, `exec.result`), its cgroups,
///   and the cache of compiled seccomp programs (`<root>/.seccomp`).
/// - Reads: the bundle, /proc, /sys/fs/cgroup. Nothing that the image controls is opened outside its root.
/// - Emits: errors and warnings, as values; it never prints and never logs.
/// - Never does: network set-up beyond loopback, image or snapshot work, reaping of other processes, threads.
///
/// How a container is made: `ContainerPlan` computes a flat list of `Step`s from the configuration and facts about the
/// host, without any effect. `StageProgram` lowers the list to plain memory. One C function (CLinux, stage.c) runs it
/// between clone3 and execve. What fails comes back as the number of a step and an errno, and `RuntimeError` says it.
