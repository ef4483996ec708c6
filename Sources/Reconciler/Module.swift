// Reconciler: what a pod's facts amount to, and what to do next.
//
// Owns: `fold` (facts -> record of a pod, with its complete status), `decide` (record, now -> actions and the next
//       instant at which something is due), `adopt` (what the machine shows after a restart -> the facts that the log
//       lacks), `explain` (why a pod runs or does not), `admit` (what a new pod looks like).
// Reads: its arguments. The time is an argument too.
// Emits: values.
// Never does: I/O, waiting, clocks, randomness, concurrency. Whoever calls it performs the actions and appends the facts.
//
// `fold` takes every instant from the facts, so that replaying the log gives the same record whenever it is done.
