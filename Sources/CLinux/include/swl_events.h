#pragma once
// Event descriptors, sockets and children. As everywhere in these headers, no header of the system but <stdint.h> and
// <stddef.h>: a type that both this module and Glibc see would belong to either of them, by chance.

#include <stddef.h>
#include <stdint.h>

// epoll_create1(2), close-on-exec.
int swl_epoll_create(void);

// epoll_ctl(2) with a 64-bit token as the user data.
int swl_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token);

// epoll_wait(2) for at most 64 events; token and event bits of each are written to the two arrays.
int swl_epoll_wait(int epoll, uint64_t *_Nonnull tokens, uint32_t *_Nonnull events, int count, int timeout_ms);

// eventfd(2) with a counter of 0: close-on-exec, not blocking.
int swl_eventfd(void);

// Adds 1 to an eventfd.
void swl_eventfd_add(int fd);

// Takes the counter of an eventfd; 0 if nothing was added.
uint64_t swl_eventfd_take(int fd);

// accept4(2) without the address: close-on-exec, not blocking.
int swl_accept(int listener);

// Names the calling thread for ps -L and top; bytes after the 15th are ignored.
void swl_set_thread_name(const char *_Nonnull name);

// SO_PEERCRED: who connected the other end of a unix socket.
int swl_peer(int connection, int32_t *_Nonnull pid, uint32_t *_Nonnull uid, uint32_t *_Nonnull gid);

// Orphans among the caller's descendants become its children (PR_SET_CHILD_SUBREAPER).
int swl_become_subreaper(void);

// Blocks the signals of mask (bit number - 1) for the calling thread and returns a signalfd(2) for them: close-on-exec,
// not blocking.
int swl_signal_descriptor(uint64_t mask);

// Reads one pending signal from a signalfd: its number, 0 if there is none, or -errno.
int swl_next_signal(int fd);

// Forks: the child goes on in a session of its own with fd 3 = listener, /dev/null as 0, 1 and 2, and nothing above, and
// sees 0; the caller sees its pid, or -errno. The caller has one thread.
int swl_daemonize(int listener);

// Starts program with the descriptors at first, first + 1, ... and /dev/null at the numbers below, up to 2; nothing else
// is inherited.
int swl_spawn_descriptors(const char *_Nonnull program, char *_Nullable const *_Nonnull argv,
                          char *_Nullable const *_Nonnull envp, const int *_Nonnull descriptors, size_t count, int first);
