#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>

#include <sys/syscall.h>
#include <unistd.h>

int swl_pidfd_open(pid_t pid, unsigned int flags) {
    long r = syscall(SYS_pidfd_open, pid, flags);
    return r < 0 ? -errno : (int)r;
}

int swl_pidfd_send_signal(int pidfd, int signal) {
    long r = syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
    return r < 0 ? -errno : (int)r;
}

int swl_pidfd_getfd(int pidfd, int number) {
    long r = syscall(SYS_pidfd_getfd, pidfd, number, 0);
    return r < 0 ? -errno : (int)r;
}
