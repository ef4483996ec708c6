// NodeAgent: the agent itself, put together from the modules below it.
//
// Owns: the pods' workers (one task a pod, the only writer of its stream), the node's and the namespaces' objects, the
// files of pods below `--root` and their logs. Reads: the event log at start, then only what comes through the workers'
// mailboxes. Emits: facts into the log, records into the journal. Never does: decide (Reconciler) or speak HTTP (HTTPAPI).
//
// Tasks, all children of `Agent.run`:
//   PodTable      one PodWorker a pod: mailbox -> fold -> append -> decide -> actions (child tasks of the worker)
//   ExitWatch     one wait a running container; its end becomes a message to the pod's worker
//   ShimLosses    lost shims become messages to the worker of their pod
//   JournalSender a thread of its own, woken by each append
