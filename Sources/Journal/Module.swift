// Journal: the way out to systemd.
//
// Owns: the thread and the socket that carry records to journald, the native protocol's encoding, the table of
//   MESSAGE_IDs (explained to people by deploy/swiftlet.catalog), and the notifications to the service manager.
// Reads: records from a `JournalSource`, always after the last position that journald has taken.
// Emits: journal records at least once and in order; the position up to which that is done, to the same source.
// Never does: block a caller, drop a record, decide what is worth recording, or let a value become a field of its own.
//
// sd_journal_sendv(3) is not used: it reports success when there is no journald, and blocks for ever when there is a
// stopped one.
