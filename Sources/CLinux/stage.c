// Runs the stage: clone3, the list of operations in the child, and the reports of both sides.
#include "private/stage_internal.h"

#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int setns(int fd, int type);
int unshare(int flags);

static int result(long r) { return r < 0 ? -errno : (int)r; }

void swl_note(struct swl_child *c, const char *text) {
    size_t length = strnlen(text, sizeof c->text - 1);
    memcpy(c->text, text, length);
    c->text[length] = 0;
}

int swl_send_report(struct swl_child *c, uint32_t kind, int error, uint32_t token, int fd) {
    struct swl_report report;
    memset(&report, 0, sizeof report);
    report.kind = kind;
    report.step = (uint32_t)(c->op - c->stage->ops);
    report.error = error;
    report.token = token;
    memcpy(report.text, c->text, sizeof report.text);
    struct iovec vector = {.iov_base = &report, .iov_len = sizeof report};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(c->report, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int wait_byte(int fd) {
    char byte;
    while (1) {
        ssize_t r = read(fd, &byte, 1);
        if (r == 1) return 0;
        if (r == 0) return -EPIPE; // the parent is gone or gave up
        if (errno != EINTR) return -errno;
    }
}

// By system call: the functions of glibc tell all threads that the parent had, and wait for ever for one that was just
// being made.
static int op_root_ids(void) {
    if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM) return -errno; // EPERM: setgroups is denied in this namespace
    if (syscall(SYS_setresgid, 0, 0, 0) < 0) return -errno;
    if (syscall(SYS_setresuid, 0, 0, 0) < 0) return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static int op_scheduler(const struct swl_op *op) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {sizeof attr, (uint32_t)op->value[0], op->value[1], (int32_t)op->value[2],
              (uint32_t)op->value[3], op->value[4], op->value[5], op->value[6]};
    return result(syscall(SYS_sched_setattr, 0, &attr, 0));
}

static int op_rlimit(const struct swl_op *op) {
    struct rlimit64 limit = {.rlim_cur = op->value[1], .rlim_max = op->value[2]};
    return result(syscall(SYS_prlimit64, 0, (int)op->value[0], &limit, NULL));
}

static int op_seccomp(struct swl_child *c) {
    struct sock_fprog program = {
        .len = (unsigned short)c->op->value[0],
        .filter = (struct sock_filter *)(uintptr_t)(c->stage->blob + c->op->text[0]),
    };
    return result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, c->op->value[1], &program));
}

static int op_exec(struct swl_child *c) {
    char **argv = c->stage->pointers;
    char **envp = argv + c->stage->argc + 1;
    const char *path = c->executable ? c->executable : argv[0];
    if (!path) return -EINVAL;
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0) return -errno;
    execve(path, argv, envp);
    int failure = -errno;
    swl_note(c, path);
    return failure;
}

static int run(struct swl_child *c) {
    const struct swl_op *op = c->op;
    switch ((enum swl_code)op->code) {
    case SWL_OP_NONE: return 0;
    case SWL_OP_SETNS: return result(setns(op->fd, (int)op->value[0]));
    case SWL_OP_UNSHARE: return result(unshare((int)op->value[0]));
    case SWL_OP_SYNC: {
        int r = swl_send_report(c, SWL_REPORT_SYNC, 0, (uint32_t)op->value[0], -1);
        return r < 0 ? r : wait_byte(c->report);
    }
    case SWL_OP_WRITE_FD: {
        const char *content = swl_text(c, op->text[0]);
        return write(op->fd, content, strlen(content)) < 0 ? -errno : 0;
    }
    case SWL_OP_WRITE_PROC: return swl_op_write_proc(c);
    case SWL_OP_HOSTNAME: {
        const char *name = swl_text(c, op->text[0]);
        return result(sethostname(name, strlen(name)));
    }
    case SWL_OP_DOMAINNAME: {
        const char *name = swl_text(c, op->text[0]);
        return result(setdomainname(name, strlen(name)));
    }
    case SWL_OP_LOOPBACK: return swl_op_loopback();
    case SWL_OP_SETSID: return setsid() < 0 && errno != EPERM ? -errno : 0; // EPERM: is a leader already
    case SWL_OP_KEYRING: {
        long r = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, swl_text(c, op->text[0]), 0, 0, 0);
        return r < 0 && errno != ENOSYS ? -errno : 0;
    }
    case SWL_OP_RLIMIT: return op_rlimit(op);
    case SWL_OP_IOPRIO: return result(syscall(SYS_ioprio_set, 1, 0, (int)op->value[0]));
    case SWL_OP_SCHEDULER: return op_scheduler(op);
    case SWL_OP_PERSONALITY: return result(personality(op->value[0]));
    case SWL_OP_AFFINITY:
        return result(syscall(SYS_sched_setaffinity, 0, op->value[0], c->stage->blob + op->text[0]));
    case SWL_OP_ROOT_IDS: return op_root_ids();

    case SWL_OP_PROPAGATION: return swl_op_propagation(c);
    case SWL_OP_ROOT: return swl_op_root(c);
    case SWL_OP_ROOT_HERE: return swl_op_root_here(c);
    case SWL_OP_MOUNT: return swl_op_mount(c);
    case SWL_OP_BIND: return swl_op_bind(c);
    case SWL_OP_MASK: return swl_op_mask(c);
    case SWL_OP_READONLY: return swl_op_readonly(c);
    case SWL_OP_DEVICE: return swl_op_device(c);
    case SWL_OP_SYMLINK: return swl_op_symlink(c);
    case SWL_OP_CONSOLE: return swl_op_console(c);
    case SWL_OP_PIVOT: return swl_op_pivot(c);
    case SWL_OP_MOVE_ROOT: return swl_op_move_root(c);
    case SWL_OP_ROOT_ATTR: return swl_op_root_attr(c);
    case SWL_OP_ROOT_PROPAGATION: return swl_op_root_propagation(c);

    case SWL_OP_STDIO: return swl_op_stdio(op);
    case SWL_OP_CTTY: return result(ioctl(0, TIOCSCTTY, 0));
    case SWL_OP_CWD: return swl_op_cwd(c);
    case SWL_OP_NO_NEW_PRIVS: return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    case SWL_OP_BOUNDING: return swl_op_bounding(op);
    case SWL_OP_KEEPCAPS: return result(prctl(PR_SET_KEEPCAPS, op->value[0], 0, 0, 0));
    case SWL_OP_GROUPS:
        return result(syscall(SYS_setgroups, op->value[0], c->stage->blob + op->text[0]));
    case SWL_OP_GID: {
        gid_t gid = (gid_t)op->value[0];
        if (syscall(SYS_setresgid, gid, gid, gid) < 0) return -errno;
        return swl_op_undumpable();
    }
    case SWL_OP_UID: {
        uid_t uid = (uid_t)op->value[0];
        if (syscall(SYS_setresuid, uid, uid, uid) < 0) return -errno;
        return swl_op_undumpable();
    }
    case SWL_OP_CAPS: return swl_op_caps(op);
    case SWL_OP_AMBIENT: return swl_op_ambient(op);
    case SWL_OP_UMASK: umask((mode_t)op->value[0]); return 0;
    case SWL_OP_SECCOMP: return op_seccomp(c);
    case SWL_OP_FIND: return swl_op_find(c);
    case SWL_OP_CLOSE: return swl_op_close(c);
    case SWL_OP_READY: return swl_send_report(c, SWL_REPORT_READY, 0, 0, -1);
    case SWL_OP_WAIT: {
        int start = c->stage->start_fd;
        int r = wait_byte(start >= 0 ? start : c->report);
        c->started = true;
        return r;
    }
    case SWL_OP_EXEC: return op_exec(c);
    }
    return -ENOSYS;
}

_Noreturn static void child(const struct swl_stage *stage, int report) {
    struct swl_child c = {
        .stage = stage, .report = report, .root = -1, .proc = -1, .mask = -1, .null = -1, .text = {0}};
    int r = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
    prctl(PR_SET_NAME, "swiftlet:init", 0, 0, 0);
    umask(0);
    if (r >= 0) r = swl_open_proc(&c);
    c.op = stage->ops;
    for (size_t n = 0; r >= 0 && n < stage->count; n++) {
        c.op = stage->ops + n;
        r = run(&c);
    }
    // Only a failure comes here: the last operation is SWL_OP_EXEC.
    if (c.started && stage->result_fd >= 0) {
        struct swl_report last;
        memset(&last, 0, sizeof last);
        last.kind = SWL_REPORT_ERROR;
        last.step = (uint32_t)(c.op - stage->ops);
        last.error = -r;
        memcpy(last.text, c.text, sizeof last.text);
        (void)!write(stage->result_fd, &last, sizeof last);
    } else {
        swl_send_report(&c, SWL_REPORT_ERROR, -r, 0, -1);
    }
    _exit(r == -ENOENT ? 127 : 126);
}

static void fill_pointers(struct swl_stage *stage) {
    char **next = stage->pointers;
    const uint32_t offsets[] = {stage->argv, stage->envp};
    const uint32_t counts[] = {stage->argc, stage->envc};
    for (int list = 0; list < 2; list++) {
        char *text = (char *)(uintptr_t)(stage->blob + offsets[list]);
        for (uint32_t n = 0; n < counts[list]; n++) {
            *next++ = text;
            text += strlen(text) + 1;
        }
        *next++ = NULL;
    }
}

pid_t swl_stage_spawn(struct swl_stage *stage, int *pidfd, int *report) {
    fill_pointers(stage);
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) return -errno;
    int failure = 0;
    // The child's end must not be one of the numbers that SWL_OP_STDIO or preserved descriptors use.
    int child_end = fcntl(sockets[1], F_DUPFD_CLOEXEC, 64);
    if (child_end < 0) failure = -errno;
    close(sockets[1]);

    int own = -1;
    if (failure == 0 && stage->pid_namespace >= 0) {
        own = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
        if (own < 0 || setns(stage->pid_namespace, CLONE_NEWPID) < 0) failure = -errno;
    }
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = failure;
    int child_pidfd = -1;
    if (failure == 0) {
        struct clone_args args;
        memset(&args, 0, sizeof args);
        args.flags = stage->clone_flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
        args.pidfd = (uint64_t)(uintptr_t)&child_pidfd;
        args.exit_signal = SIGCHLD;
        if (stage->cgroup_fd >= 0) {
            args.flags |= CLONE_INTO_CGROUP;
            args.cgroup = (uint64_t)stage->cgroup_fd;
        }
        long r = syscall(SYS_clone3, &args, sizeof args);
        if (r == 0) {
            close(sockets[0]);
            child(stage, child_end);
        }
        pid = r < 0 ? -errno : (pid_t)r;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (own >= 0) {
        // Without this the caller's later children would be born into the container.
        if (setns(own, CLONE_NEWPID) < 0 && pid > 0) {
            pid_t born = pid;
            pid = -errno;
            kill(born, SIGKILL);
        }
        close(own);
    }
    if (child_end >= 0) close(child_end);
    if (pid < 0) {
        close(sockets[0]);
        return pid;
    }
    *pidfd = child_pidfd;
    *report = sockets[0];
    return pid;
}

int swl_report_receive(int socket, struct swl_report *report, int *fd) {
    struct iovec vector = {.iov_base = report, .iov_len = sizeof *report};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    *fd = -1;
    ssize_t size;
    do {
        size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    if (size < 0) return -errno;
    if (size == 0) return 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    if ((size_t)size != sizeof *report) return -EPROTO;
    report->text[sizeof report->text - 1] = 0;
    return 1;
}
