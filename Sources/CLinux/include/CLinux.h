#pragma once
// System calls and constants that Swift's Glibc module does not import, and the async-signal-safe stage between
// clone and exec. Everything exported has the prefix swl_; functions return -errno on failure and never allocate.

#include "paths.h"
#include "swl_datagram.h"
#include "swl_events.h"
#include "swl_files.h"
#include "swl_mount_tree.h"
#include "swl_network.h"
#include "swl_posix.h"
#include "swl_sandbox.h"
#include "swl_stage.h"

#include <stddef.h>
#include <stdint.h>

int swl_pidfd_open(int pid, unsigned int flags);
int swl_pidfd_send_signal(int pidfd, int signal);
/// A copy of another process's descriptor, close-on-exec (pidfd_getfd(2)).
int swl_pidfd_getfd(int pidfd, int number);
