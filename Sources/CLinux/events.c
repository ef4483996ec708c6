#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int swl_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int swl_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void swl_eventfd_add(int fd) { (void)eventfd_write(fd, 1); }

uint64_t swl_eventfd_take(int fd) {
    eventfd_t count = 0;
    return eventfd_read(fd, &count) < 0 ? 0 : count;
}

int swl_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int swl_epoll_wait(int epoll, uint64_t *_Nonnull tokens, uint32_t *_Nonnull events, int count,
                                 int timeout_ms) {
    struct epoll_event ready[64];
    int n = epoll_wait(epoll, ready, count < 64 ? count : 64, timeout_ms);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        tokens[i] = ready[i].data.u64;
        events[i] = ready[i].events;
    }
    return n;
}

int swl_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void swl_set_thread_name(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

int swl_peer(int connection, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct ucred peer = {0};
    socklen_t length = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
        return -errno;
    *pid = peer.pid;
    *uid = peer.uid;
    *gid = peer.gid;
    return 0;
}

int swl_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0; }

int swl_signal_descriptor(uint64_t mask) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int number = 1; number <= 64; number++)
        if (mask >> (number - 1) & 1)
            sigaddset(&signals, number);
    int result = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (result != 0)
        return -result;
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int swl_next_signal(int fd) {
    struct signalfd_siginfo info;
    ssize_t n;
    do
        n = read(fd, &info, sizeof info);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int swl_daemonize(int listener) {
    pid_t child = fork();
    if (child != 0)
        return child < 0 ? -errno : (int)child;
    setsid();
    int null = open("/dev/null", O_RDWR);
    // dup2 clears close-on-exec; nothing is executed from here, but what serves sets it again for its own children.
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || dup2(listener, 3) < 0 ||
        syscall(SYS_close_range, 4u, ~0u, 0u) < 0)
        _exit(1);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    return 0;
}

int swl_spawn_descriptors(const char *program, char *const *argv, char *const *envp, const int *descriptors,
                          size_t count, int first) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int copies[16];
    size_t copied = 0;
    pid_t child = 0;
    if (count > sizeof copies / sizeof *copies)
        return -EINVAL;
    int result = posix_spawn_file_actions_init(&actions);
    if (result != 0)
        return -result;
    result = posix_spawnattr_init(&attributes);
    if (result != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return -result;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    // Out of the way of the target numbers first, so that no copy overwrites the source of another.
    for (; copied < count && result == 0; copied++) {
        copies[copied] = fcntl(descriptors[copied], F_DUPFD_CLOEXEC, 64);
        if (copies[copied] < 0) {
            result = errno;
            break;
        }
    }
    for (int fd = 0; fd < 3 && fd < first && result == 0; fd++)
        result = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    for (size_t i = 0; i < count && result == 0; i++)
        result = posix_spawn_file_actions_adddup2(&actions, copies[i], first + (int)i);
    if (result == 0 &&
        (result = posix_spawn_file_actions_addclosefrom_np(&actions, first + (int)count)) == 0 &&
        (result = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (result = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (result = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) == 0)
        result = posix_spawn(&child, program, &actions, &attributes, argv, envp);
    for (size_t i = 0; i < copied; i++)
        close(copies[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result != 0 ? -result : (int)child;
}
