#pragma once
// Sockets that live in another network namespace than the caller's thread.

/// Opens a datagram socket inside the network namespace that netns refers to and brings the interface "lo" up through it.
/// The calling thread is back in its own namespace when this returns; if it cannot return, the process aborts.
int swl_loopback_up(int netns);
