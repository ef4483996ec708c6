// The operations of the stage on the process itself: identity, limits, descriptors, working directory.
#include "private/stage_internal.h"

#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// The host's procfs, opened once and before any mount of the container could fake it.
int swl_open_proc(struct swl_child *c) {
    int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    struct statfs status;
    struct stat top;
    // Its own root (inode 1), not a directory of it that somebody bound there.
    if (fstatfs(fd, &status) < 0 || status.f_type != PROC_SUPER_MAGIC || fstat(fd, &top) < 0 || top.st_ino != 1) {
        close(fd);
        swl_note(c, "/proc of the host is no procfs");
        return -ENODEV;
    }
    c->proc = fd;
    return 0;
}

int swl_write_proc(const struct swl_child *c, const char *path, const char *content) {
    if (c->proc < 0) return -ENODEV;
    // "self" is a link of procfs' own; everything else is plain.
    uint64_t resolve = SWL_RESOLVE_BENEATH | SWL_RESOLVE_NO_MAGICLINKS | SWL_RESOLVE_NO_XDEV;
    int fd = swl_openat2(c->proc, path, O_WRONLY, 0, resolve);
    if (fd < 0) return fd;
    size_t length = strlen(content);
    ssize_t written = write(fd, content, length);
    int r = written < 0 ? -errno : (size_t)written == length ? 0 : -EIO;
    close(fd);
    return r;
}

int swl_op_write_proc(struct swl_child *c) {
    return swl_write_proc(c, swl_text(c, c->op->text[0]), swl_text(c, c->op->text[1]));
}

int swl_op_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    int r = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
    close(fd);
    return r;
}

// Resolved inside the root and not through magic links, so that no open descriptor of the host can be the way out.
int swl_op_cwd(struct swl_child *c) {
    if (c->cwd_done) return 0;
    const char *path = swl_text(c, c->op->text[0]);
    int fd = c->op->flags & SWL_MAKE ? swl_resolve_or_make(c, path, true, false) : swl_resolve(c, path, false);
    if (fd == -EACCES && (c->op->flags & SWL_SOFT)) return 0; // the user of the process may be allowed to
    if (fd == -ELOOP) swl_note(c, "the path leads out of the container");
    if (fd < 0) return fd;
    int r = fchdir(fd) < 0 ? -errno : 0;
    close(fd);
    if (r == -EACCES && (c->op->flags & SWL_SOFT)) return 0;
    if (r < 0) return r;
    // The kernel's own word: outside the root it says "(unreachable)".
    char where[4096];
    long size = syscall(SYS_getcwd, where, sizeof where);
    if (size < 0 && errno != ERANGE) return -errno;
    if (size > 0 && where[0] != '/') {
        swl_note(c, "the directory is outside the container");
        return -EPERM;
    }
    c->cwd_done = true;
    return 0;
}

int swl_op_bounding(const struct swl_op *op) {
    for (unsigned long cap = 0; cap <= op->value[1]; cap++) {
        if (op->value[0] >> cap & 1) continue;
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) return -errno;
    }
    return 0;
}

int swl_op_caps(const struct swl_op *op) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    for (int n = 0; n < 2; n++) {
        data[n].effective = (uint32_t)(op->value[0] >> (32 * n));
        data[n].permitted = (uint32_t)(op->value[1] >> (32 * n));
        data[n].inheritable = (uint32_t)(op->value[2] >> (32 * n));
    }
    if (syscall(SYS_capset, &header, data) < 0) return -errno;
    return swl_op_undumpable();
}

// A change of ids or rights sets the attribute to fs.suid_dumpable, which an administrator may have set to 1.
int swl_op_undumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0; }

int swl_op_ambient(const struct swl_op *op) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return -errno;
    for (unsigned long cap = 0; cap < 64; cap++) {
        if ((op->value[0] >> cap & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0) return -errno;
    }
    return 0;
}

int swl_op_stdio(const struct swl_op *op) {
    // A source of 0…2 may be overwritten before its turn: such sources move out of the way first.
    int source[3];
    for (int n = 0; n < 3; n++) {
        source[n] = (int)op->value[n];
        if (source[n] < 3 && source[n] != n) {
            source[n] = fcntl(source[n], F_DUPFD_CLOEXEC, 3);
            if (source[n] < 0) return -errno;
        }
    }
    for (int n = 0; n < 3; n++) {
        if (source[n] == n) {
            if (fcntl(n, F_SETFD, 0) < 0) return -errno;
        } else if (dup2(source[n], n) < 0) {
            return -errno;
        }
    }
    // The process owns its pipes and terminals, as it does under other runtimes; regular files and devices stay.
    if (op->value[3] != 0) {
        for (int n = 0; n < 3; n++) {
            struct stat status;
            if (fstat(n, &status) < 0) return -errno;
            bool ours = S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || isatty(n);
            if (!ours || status.st_uid == (uid_t)op->value[3]) continue;
            if (fchown(n, (uid_t)op->value[3], (gid_t)-1) < 0 && errno != EPERM && errno != EROFS && errno != EINVAL)
                return -errno;
        }
    }
    return 0;
}

int swl_op_find(struct swl_child *c) {
    int failure = -ENOENT;
    for (const char *path = swl_text(c, c->op->text[0]); *path; path += strlen(path) + 1) {
        struct stat status;
        if (stat(path, &status) < 0) {
            if (errno != ENOENT && errno != ENOTDIR) failure = -errno;
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            // Callers know "permission denied" as "cannot be executed".
            swl_note(c, "it is a directory");
            failure = -EACCES;
            continue;
        }
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 && errno != ENOSYS && errno != EPERM) {
            failure = -EACCES;
            continue;
        }
        c->executable = path;
        return 0;
    }
    return failure;
}

static void close_between(unsigned int first, unsigned int last) {
    if (first <= last) (void)close_range(first, last, 0);
}

int swl_op_close(struct swl_child *c) {
    // Kept: 0…2, those to hand on, the root for a later cwd, and the channels. All but the first two kinds are
    // close-on-exec.
    // Of a number to hand on that the caller did not open, one of ours may have taken the place. What came through
    // execve is not close-on-exec, and all of ours are: a mistaken number must not give the container the host's files.
    if (c->op->value[0] > 1u << 20) {
        swl_note(c, "so many descriptors to preserve cannot be open");
        return -EBADF;
    }
    unsigned int handed = 3 + (unsigned int)c->op->value[0];
    for (unsigned int fd = 3; fd < handed; fd++) {
        int flags = fcntl((int)fd, F_GETFD);
        if (flags < 0 || (flags & FD_CLOEXEC)) {
            swl_note(c, "a descriptor to preserve is not open");
            return -EBADF;
        }
    }
    int keep[] = {c->report, c->stage->start_fd, c->stage->result_fd, c->cwd_done ? -1 : c->root};
    enum { count = sizeof keep / sizeof *keep };
    for (int n = 1; n < count; n++) { // sorted, so that the gaps can be closed
        for (int m = n; m > 0 && keep[m - 1] > keep[m]; m--) {
            int swap = keep[m];
            keep[m] = keep[m - 1];
            keep[m - 1] = swap;
        }
    }
    unsigned int next = handed;
    for (int n = 0; n < count; n++) {
        if (keep[n] < 0 || (unsigned int)keep[n] < next) continue;
        close_between(next, (unsigned int)keep[n] - 1);
        next = (unsigned int)keep[n] + 1;
    }
    close_between(next, ~0u);
    c->proc = c->mask = c->null = -1;
    if (c->cwd_done) c->root = -1;
    return 0;
}
