#pragma once
// Unix datagrams that never block, and what needs CMSG macros, ioctl or memfd: none of it is importable from Swift.

#include <stddef.h>

// A close-on-exec, non-blocking datagram socket that is connected to the socket at `path`; "@" before it: in the
// abstract namespace.
int swl_datagram_connect(const char *_Nonnull path);
// Sends one datagram (0 bytes are one too); with `descriptor` >= 0 that descriptor goes along. Never raises SIGPIPE.
ptrdiff_t swl_datagram_send(int socket, const void *_Nullable bytes, size_t count, int descriptor);
// How much of what was sent the receiver has not taken yet, in bytes of kernel memory.
int swl_datagram_unread(int socket);
// An anonymous file with this content that nobody can change or resize any more.
int swl_memfd_sealed(const char *_Nonnull name, const void *_Nonnull bytes, size_t count);
