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
#include <sys/wait.h>
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
static int op_root_ids(const struct swl_op *op) {
    // EPERM: setgroups is denied in this namespace. EINVAL: it has no id 0.
    if (syscall(SYS_setgroups, 0, NULL) < 0 && errno != EPERM) return -errno;
    gid_t gid = (gid_t)op->value[1];
    if (syscall(SYS_setresgid, 0, 0, 0) < 0 && (errno != EINVAL || syscall(SYS_setresgid, gid, gid, gid) < 0))
        return -errno;
    // Any change of the user id from root's own would drop the capabilities.
    uid_t uid = (uid_t)op->value[0];
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return -errno;
    if (syscall(SYS_setresuid, 0, 0, 0) < 0 && (errno != EINVAL || syscall(SYS_setresuid, uid, uid, uid) < 0))
        return -errno;
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static int op_groups(const struct swl_child *c) {
    const struct swl_op *op = c->op;
    if (syscall(SYS_setgroups, op->value[0], c->stage->blob + op->text[0]) == 0) return 0;
    int failure = errno;
    return failure == EPERM && op->value[0] == 0 && (op->flags & SWL_SOFT) ? 0 : -failure;
}

// Offsets can be set only while nobody is in the namespace; unshare(2) makes it for children, setns(2) enters it.
static int op_time(struct swl_child *c) {
    if (unshare(CLONE_NEWTIME) < 0) return -errno;
    if (c->op->text[0]) {
        int r = swl_write_proc(c, "self/timens_offsets", swl_text(c, c->op->text[0]));
        if (r < 0) return r;
    }
    int fd = openat(c->proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int r = setns(fd, CLONE_NEWTIME) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int set_scheduler(pid_t pid, const struct swl_op *op) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {sizeof attr, (uint32_t)op->value[0], op->value[1], (int32_t)op->value[2],
              (uint32_t)op->value[3], op->value[4], op->value[5], op->value[6]};
    return result(syscall(SYS_sched_setattr, pid, &attr, 0));
}

int swl_set_attribute(pid_t pid, const struct swl_op *op) {
    switch ((enum swl_code)op->code) {
    case SWL_OP_RLIMIT: {
        struct rlimit64 limit = {.rlim_cur = op->value[1], .rlim_max = op->value[2]};
        return result(syscall(SYS_prlimit64, pid, (int)op->value[0], &limit, NULL));
    }
    case SWL_OP_IOPRIO: return result(syscall(SYS_ioprio_set, 1, pid, (int)op->value[0]));
    case SWL_OP_SCHEDULER: return set_scheduler(pid, op);
    default: return -EINVAL;
    }
}

static int op_seccomp(struct swl_child *c) {
    struct sock_fprog program = {
        .len = (unsigned short)c->op->value[0],
        .filter = (struct sock_filter *)(uintptr_t)(c->stage->blob + c->op->text[0]),
    };
    int r = result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, c->op->value[1], &program));
    if (r < 0 || !(c->op->value[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER)) return r;
    // From here on the filter judges our calls, and a call that it passes on waits for whoever has the descriptor.
    // Hence one plain write(2), which may not be such a call, and the parent takes the descriptor from us. It is gone
    // with execve, so the parent must say that it has it: a read(2), which the listener can answer by then.
    struct swl_report report;
    memset(&report, 0, sizeof report);
    report.kind = SWL_REPORT_LISTENER;
    report.step = (uint32_t)(c->op - c->stage->ops);
    report.token = (uint32_t)r;
    if (write(c->report, &report, sizeof report) < 0) return -errno;
    return wait_byte(c->report);
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
    case SWL_OP_RLIMIT:
    case SWL_OP_IOPRIO:
    case SWL_OP_SCHEDULER: return swl_set_attribute(0, op);
    case SWL_OP_PERSONALITY: return result(personality(op->value[0]));
    case SWL_OP_AFFINITY:
        return result(syscall(SYS_sched_setaffinity, 0, op->value[0], c->stage->blob + op->text[0]));
    case SWL_OP_ROOT_IDS: return op_root_ids(op);
    case SWL_OP_TIME: return op_time(c);
    case SWL_OP_MEMPOLICY:
        // The kernel takes one bit less than it is told.
        return result(syscall(SYS_set_mempolicy, (int)op->value[0], op->value[1] ? c->stage->blob + op->text[0] : NULL,
                              op->value[1] * 8 + 1));

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
    case SWL_OP_CHROOT: return swl_op_chroot(c);
    case SWL_OP_ROOT_ATTR: return swl_op_root_attr(c);
    case SWL_OP_ROOT_PROPAGATION: return swl_op_root_propagation(c);

    case SWL_OP_STDIO: return swl_op_stdio(op);
    case SWL_OP_CTTY: return result(ioctl(0, TIOCSCTTY, 0));
    case SWL_OP_CWD: return swl_op_cwd(c);
    case SWL_OP_NO_NEW_PRIVS: return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    case SWL_OP_BOUNDING: return swl_op_bounding(op);
    case SWL_OP_KEEPCAPS: return result(prctl(PR_SET_KEEPCAPS, op->value[0], 0, 0, 0));
    case SWL_OP_GROUPS: return op_groups(c);
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
    int r = !stage->dumpable && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
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

// clone3 of the child; in the child it does not return.
static pid_t give_birth(struct swl_stage *stage, uint64_t more, int *pidfd, int parent_end, int child_end) {
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = stage->clone_flags | CLONE_CLEAR_SIGHAND | more;
    if (pidfd) {
        args.flags |= CLONE_PIDFD;
        args.pidfd = (uint64_t)(uintptr_t)pidfd;
    }
    // With CLONE_PARENT the child takes the signal of the one that gives birth to it.
    args.exit_signal = more & CLONE_PARENT ? 0 : SIGCHLD;
    if (stage->cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)stage->cgroup_fd;
    }
    long r = syscall(SYS_clone3, &args, sizeof args);
    if (r == 0) {
        close(parent_end);
        child(stage, child_end);
    }
    return r < 0 ? -errno : (pid_t)r;
}

// What the go-between tells.
struct birth {
    int32_t result; // the child's pid, or -errno
    int32_t join;   // what could not be joined, or -1
};

static int write_oom_score(const char *score) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int r = write(fd, score, strlen(score)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int join_all(struct swl_stage *stage, int *failed, bool may_fail) {
    for (size_t n = 0; n < stage->join_count; n++) {
        struct swl_join *join = &stage->joins[n];
        if (join->done) continue;
        if (setns(join->fd, (int)join->kind) == 0) join->done = 1;
        else if (!may_fail || errno != EPERM) {
            *failed = (int)n;
            return -errno;
        }
    }
    return 0;
}

_Noreturn static void go_between(struct swl_stage *stage, int parent_end, int child_end, int answer) {
    struct birth birth = {.result = 0, .join = -1};
    if (stage->oom_score) birth.result = write_oom_score(stage->oom_score);
    // What belongs to another user namespace than the one to be joined can be joined only from here, the rest only
    // from there.
    bool joins_user = stage->user_namespace >= 0;
    if (birth.result == 0) birth.result = join_all(stage, &birth.join, joins_user);
    if (birth.result == 0 && joins_user) {
        if (setns(stage->user_namespace, CLONE_NEWUSER) < 0) {
            birth.result = -errno;
            birth.join = (int32_t)stage->join_count;
        } else {
            // Its processes must not look into this one, which still has the memory and descriptors of the runtime.
            if (!stage->dumpable) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
            birth.result = join_all(stage, &birth.join, false);
        }
    }
    if (birth.result == 0) birth.result = give_birth(stage, CLONE_PARENT, NULL, parent_end, child_end);
    (void)!write(answer, &birth, sizeof birth);
    _exit(0);
}

// The child of a go-between, which is reaped. Returns the child's pid, or -errno.
static pid_t spawn_by_go_between(struct swl_stage *stage, int parent_end, int child_end) {
    int answer[2];
    if (pipe2(answer, O_CLOEXEC) < 0) return -errno;
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = CLONE_CLEAR_SIGHAND;
    args.exit_signal = SIGCHLD;
    long middle = syscall(SYS_clone3, &args, sizeof args);
    if (middle == 0) go_between(stage, parent_end, child_end, answer[1]);
    pid_t result = middle < 0 ? -errno : 0;
    close(answer[1]);
    if (middle > 0) {
        struct birth birth;
        ssize_t size;
        do {
            size = read(answer[0], &birth, sizeof birth);
        } while (size < 0 && errno == EINTR);
        result = size == sizeof birth ? birth.result : -ECHILD;
        stage->failed_join = size == sizeof birth ? birth.join : -1;
        while (waitpid((pid_t)middle, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(answer[0]);
    return result;
}

pid_t swl_stage_spawn(struct swl_stage *stage, int *pidfd, int *report) {
    fill_pointers(stage);
    stage->failed_join = -1;
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
        if (stage->go_between) {
            pid = spawn_by_go_between(stage, sockets[0], child_end);
            if (pid > 0) {
                child_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
                if (child_pidfd < 0) {
                    failure = -errno;
                    kill(pid, SIGKILL);
                    pid = failure;
                }
            }
        } else {
            pid = give_birth(stage, 0, &child_pidfd, sockets[0], child_end);
        }
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
