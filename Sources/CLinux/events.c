#include "CLinux.h"

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
