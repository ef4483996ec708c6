// RuntimeCore: the containerd-like core of the agent, with containerd's words: namespaces, images, sandboxes,
// containers, tasks.
//
// Owns: the directories below `--root` that hold content and snapshots, the bundles below `--state`, the connections to
// the shims. Reads: bundles and shims after a restart. Emits: image facts into the log; what happened to tasks as values
// to its caller. Never does: decide what should run (Reconciler), speak HTTP, know Kubernetes' pods.
//
// Threads: calls are async; what blocks runs on the core's own thread pool; answers and exits of shims arrive on one
// loop thread and are handed over at once.
