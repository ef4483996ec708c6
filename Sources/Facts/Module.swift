// Facts: the vocabulary of the event log.
//
// Owns: every type of event, its payload, its version, its upcasters; the derived ids of containers and sandboxes;
//       the projection of a fact into a core/v1 Event and into one English sentence.
// Reads: nothing but its arguments.
// Emits: values and bytes. Encoding is canonical: the same fact always gives the same bytes.
// Never does: I/O, clocks, randomness, storage. What a fact does to an object is the business of the reconciler.
//
// Two rules for every payload:
// - It tells what happened, in the past tense, and it carries every instant that the status of an object depends on, so
//   that replaying the log gives the same status, byte for byte, whenever it is done.
// - A published version never changes. A new field is optional, or the version goes up and an upcaster is added.
