#pragma once
// Sockets that live in another network namespace than the caller's thread.

/// Opens a datagram socket inside the network namespace that netns refers to and brings the interface "lo" up through it.
/// The calling thread is back in its own namespace when this returns; if it cannot return, the process aborts.
int swl_loopback_up(int netns);

/// Moves a network device of the caller's namespace into `netns` under a new name (which may be the old one), gives it
/// its permanent global addresses again and sets it up. Returns 0 or -errno; the calling thread needs CAP_NET_ADMIN in both.
int swl_move_network_device(const char *_Nonnull name, int netns, const char *_Nonnull new_name);
