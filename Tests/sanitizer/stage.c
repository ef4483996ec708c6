// Runs the C part with AddressSanitizer and UBSan around it: whole stages of a container, one that fails at each of its
// operations, and the helpers that take text or sizes. deploy/sanitize.sh compiles and calls it with a bundle's rootfs.

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CLinux.h"

static int failures = 0;

static void check(int holds, const char *what) {
    if (!holds) failures++;
    printf("%s: %s\n", holds ? "ok" : "FAILED", what);
}

// The list of operations with its texts, in memory of exactly its size: whatever is read beyond it is found.
struct plan {
    struct swl_op *ops;
    size_t count;
    uint8_t *blob;
    uint32_t size;
};

static uint32_t bytes(struct plan *plan, const void *from, size_t count) {
    plan->blob = realloc(plan->blob, plan->size + count);
    memcpy(plan->blob + plan->size, from, count);
    plan->size += (uint32_t)count;
    return plan->size - (uint32_t)count;
}

static uint32_t text(struct plan *plan, const char *words) { return bytes(plan, words, strlen(words) + 1); }

static struct swl_op *op(struct plan *plan, uint32_t code) {
    plan->ops = realloc(plan->ops, (plan->count + 1) * sizeof *plan->ops);
    struct swl_op *new = &plan->ops[plan->count++];
    *new = (struct swl_op){.code = code, .fd = -1};
    return new;
}

static void mount_op(struct plan *plan, const char *type, const char *target, const char *options, uint32_t flags) {
    uint32_t texts[] = {text(plan, type), text(plan, type), 0, text(plan, target)};
    if (options) {
        texts[2] = text(plan, options);
        text(plan, ""); // the end of the list
    }
    struct swl_op *new = op(plan, SWL_OP_MOUNT);
    memcpy(new->text, texts, sizeof texts);
    new->flags = flags;
}

static void target_op(struct plan *plan, uint32_t code, const char *first, const char *target) {
    uint32_t texts[] = {first ? text(plan, first) : 0, text(plan, target)};
    struct swl_op *new = op(plan, code);
    new->text[0] = texts[0];
    new->text[3] = texts[1];
}

static void text_op(struct plan *plan, uint32_t code, const char *words) {
    uint32_t place = text(plan, words);
    op(plan, code)->text[0] = place;
}

static struct plan container(const char *rootfs) {
    struct plan plan = {0};
    text(&plan, ""); // offset 0 means "none"
    op(&plan, SWL_OP_SETSID);
    text_op(&plan, SWL_OP_HOSTNAME, "sanitized");
    op(&plan, SWL_OP_LOOPBACK);
    text_op(&plan, SWL_OP_PROPAGATION, "/");
    plan.ops[plan.count - 1].value[0] = MS_SLAVE | MS_REC;
    text_op(&plan, SWL_OP_ROOT, rootfs);
    mount_op(&plan, "proc", "/proc", NULL, SWL_TARGET_STRICT | SWL_TARGET_IN_PROC);
    mount_op(&plan, "tmpfs", "/dev", "mode=755", SWL_TARGET_STRICT);
    mount_op(&plan, "devpts", "/dev/pts", "newinstance", SWL_TARGET_STRICT);
    mount_op(&plan, "tmpfs", "/etc", NULL, SWL_COPY_UP | SWL_INHERIT_MODE);
    uint32_t bind[] = {text(&plan, rootfs), text(&plan, "/made/on/the/way")};
    struct swl_op *new = op(&plan, SWL_OP_BIND);
    new->text[1] = bind[0];
    new->text[3] = bind[1];
    new->flags = SWL_RECURSIVE;
    target_op(&plan, SWL_OP_DEVICE, NULL, "/dev/null");
    plan.ops[plan.count - 1].text[1] = plan.ops[plan.count - 1].text[3];
    plan.ops[plan.count - 1].value[0] = S_IFCHR | 0666;
    plan.ops[plan.count - 1].value[1] = makedev(1, 3);
    target_op(&plan, SWL_OP_SYMLINK, "/proc/self/fd", "/dev/fd");
    target_op(&plan, SWL_OP_MASK, NULL, "/proc/kcore");
    target_op(&plan, SWL_OP_READONLY, NULL, "/proc/sys");
    op(&plan, SWL_OP_PIVOT);
    text_op(&plan, SWL_OP_CWD, "/made/new");
    plan.ops[plan.count - 1].flags = SWL_MAKE;
    op(&plan, SWL_OP_UMASK)->value[0] = 022;
    new = op(&plan, SWL_OP_BOUNDING);
    new->value[1] = 40;
    uint32_t groups[] = {5, 6};
    while (plan.size % 8) bytes(&plan, "", 1);
    uint32_t place = bytes(&plan, groups, sizeof groups);
    new = op(&plan, SWL_OP_GROUPS);
    new->text[0] = place;
    new->value[0] = 2;
    op(&plan, SWL_OP_GID)->value[0] = 7;
    op(&plan, SWL_OP_UID)->value[0] = 7;
    op(&plan, SWL_OP_CAPS);
    op(&plan, SWL_OP_NO_NEW_PRIVS);
    uint32_t list = text(&plan, "/none");
    text(&plan, "/bin/busybox");
    text(&plan, "");
    op(&plan, SWL_OP_FIND)->text[0] = list;
    op(&plan, SWL_OP_CLOSE);
    op(&plan, SWL_OP_READY);
    op(&plan, SWL_OP_WAIT);
    op(&plan, SWL_OP_EXEC);
    return plan;
}

// Runs a plan to the end of its program. Returns the exit code, or -errno of the operation that failed.
static int run(struct plan *plan) {
    char *pointers[6];
    static const char arguments[] = "busybox\0true\0A=b";
    uint32_t place = bytes(plan, arguments, sizeof arguments);
    struct swl_stage stage = {
        .ops = plan->ops, .count = plan->count, .blob = plan->blob, .pointers = pointers, .argv = place, .argc = 2,
        .envp = place + 13, .envc = 1, .start_fd = -1, .result_fd = -1, .cgroup_fd = -1, .pid_namespace = -1,
        .user_namespace = -1,
        .clone_flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWIPC};
    int pidfd, socket, failure = 0;
    pid_t pid = swl_stage_spawn(&stage, &pidfd, &socket);
    if (pid < 0) return pid;
    for (;;) {
        struct swl_report report;
        int descriptor;
        int more = swl_report_receive(socket, &report, &descriptor);
        if (descriptor >= 0) close(descriptor);
        if (more <= 0) break;
        if (report.kind == SWL_REPORT_ERROR) failure = -report.error;
        if (report.kind == SWL_REPORT_READY && write(socket, "1", 1) != 1) failure = -errno;
    }
    int status = 0;
    swl_wait(pid, 0, &status, NULL);
    close(pidfd);
    close(socket);
    return failure ? failure : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void drop(struct plan *plan) {
    free(plan->ops);
    free(plan->blob);
}

static void stages(const char *rootfs) {
    struct plan plan = container(rootfs);
    check(run(&plan) == 0, "a container runs and ends");
    size_t count = plan.count;
    drop(&plan);
    // One text of each operation is replaced by a long one: most fail, at the first, the last or any place.
    static char longest[9000];
    memset(longest, 'x', sizeof longest - 1);
    int survived = 0;
    for (size_t n = 0; n < count; n++)
        for (int which = 0; which < 4; which++) {
            plan = container(rootfs);
            if (plan.ops[n].text[which] && plan.ops[n].code != SWL_OP_GROUPS && plan.ops[n].code != SWL_OP_SYMLINK) {
                uint32_t place = text(&plan, longest);
                text(&plan, "");
                plan.ops[n].text[which] = place;
                if (run(&plan) == 0) survived++;
            }
            drop(&plan);
        }
    check(survived <= 2, "texts that are too long fail where they are used"); // masks and read-only paths may be missing
    plan = container(rootfs);
    op(&plan, 9999);
    plan.ops[0].code = 9999;
    check(run(&plan) == -ENOSYS, "an unknown operation is refused");
    drop(&plan);
}

static void helpers(void) {
    char path[200];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = 0;
    check(swl_datagram_connect(path) == -ENAMETOOLONG, "a socket path that is too long");
    path[sizeof(struct sockaddr_un) - sizeof(sa_family_t) - 1] = 0;
    check(swl_datagram_connect(path) == -ENOENT, "one that is as long as possible");
    path[0] = '@';
    check(swl_datagram_connect(path) == -ECONNREFUSED, "a name in the abstract namespace");
    int pair[2];
    check(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0, "two sockets");
    check(swl_datagram_send(pair[0], "abc", 3, pair[1]) == 3, "a datagram with a descriptor");
    check(swl_datagram_unread(pair[0]) > 0, "that is not taken yet");
    struct swl_report report;
    int descriptor = -1;
    check(swl_report_receive(pair[1], &report, &descriptor) == -EPROTO, "a report that is too short is refused");
    if (descriptor >= 0) close(descriptor);
    close(pair[0]);
    close(pair[1]);
    int sealed = swl_memfd_sealed("x", "abc", 3);
    check(sealed >= 0 && write(sealed, "d", 1) < 0, "a sealed file");
    close(sealed);
    check(swl_move_network_device("a-name-that-is-much-too-long", 0, "b") < 0, "a device name that is too long");
    uint64_t first = 0, second = 0;
    check(swl_limit(7, &first, &second) == 0 && first <= second, "a limit");
    check(swl_capabilities(&first, &second) == 0, "capabilities");
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    // The children's reports of the sanitizers must not hide in exit codes.
    setvbuf(stdout, NULL, _IONBF, 0);
    helpers();
    stages(arguments[1]);
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
