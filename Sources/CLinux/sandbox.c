#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Where the helper was when it failed.
struct report {
    int32_t error;
    int32_t call; // index into calls
    uint64_t sysctl;
};

static const char *const calls[] = {"",          "unshare",        "setns",          "sethostname",
                                    "socket",    "ioctl(lo up)",   "open(/proc/sys)", "write(/proc/sys)",
                                    "open(/proc/PID/ns)"};
enum call {
    CALL_NONE,
    CALL_UNSHARE,
    CALL_SETNS,
    CALL_HOSTNAME,
    CALL_SOCKET,
    CALL_LOOPBACK,
    CALL_OPEN,
    CALL_WRITE,
    CALL_NAMESPACE
};

static int bring_loopback_up(struct report *report) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    report->call = CALL_SOCKET;
    if (fd < 0)
        return -errno;
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
    memcpy(request.ifr_name, "lo", 3);
    report->call = CALL_LOOPBACK;
    int result = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
    close(fd);
    return result;
}

static int prepare(const struct swl_sandbox *sandbox, struct report *report) {
    report->call = CALL_UNSHARE;
    if (unshare((sandbox->want_net ? CLONE_NEWNET : 0) | (sandbox->want_ipc ? CLONE_NEWIPC : 0) |
                (sandbox->want_uts ? CLONE_NEWUTS : 0)) < 0)
        return -errno;
    if (sandbox->join_net >= 0) {
        report->call = CALL_SETNS;
        if (setns(sandbox->join_net, CLONE_NEWNET) < 0)
            return -errno;
    }
    if (sandbox->want_net) {
        int result = bring_loopback_up(report);
        if (result < 0)
            return result;
    }
    if (sandbox->hostname && sandbox->want_uts) {
        report->call = CALL_HOSTNAME;
        if (sethostname(sandbox->hostname, strlen(sandbox->hostname)) < 0)
            return -errno;
    }
    for (size_t i = 0; i < sandbox->sysctl_count; i++) {
        report->sysctl = i;
        report->call = CALL_OPEN;
        const char *value = sandbox->sysctls[2 * i + 1];
        int fd = open(sandbox->sysctls[2 * i], O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            return -errno;
        report->call = CALL_WRITE;
        ssize_t n = write(fd, value, strlen(value));
        int failure = errno;
        close(fd);
        if (n < 0)
            return -failure;
    }
    return 0;
}

static int open_namespace(pid_t child, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)child, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static ssize_t read_all(int fd, void *buffer, size_t size) {
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, (char *)buffer + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static void reap(pid_t child) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

struct helper {
    struct swl_sandbox *sandbox;
    struct report report;
};

// Runs in the helper: moves into new namespaces and opens them, in memory and descriptors that it shares with the caller.
static int enter_and_open(void *argument) {
    struct helper *helper = argument;
    struct swl_sandbox *sandbox = helper->sandbox;
    struct report *report = &helper->report;
    report->error = prepare(sandbox, report);
    struct {
        int wanted;
        const char *name;
        int *fd;
    } wanted[] = {{sandbox->want_net, "net", &sandbox->net},
                  {sandbox->want_ipc, "ipc", &sandbox->ipc},
                  {sandbox->want_uts, "uts", &sandbox->uts}};
    for (size_t i = 0; i < 3 && report->error >= 0; i++) {
        if (!wanted[i].wanted)
            continue;
        report->call = CALL_NAMESPACE;
        int fd = open_namespace(getpid(), wanted[i].name);
        if (fd < 0)
            report->error = fd;
        else
            *wanted[i].fd = fd;
    }
    return 0;
}

// The helper is a child, so that the caller stays in its own namespaces, but no copy of it: the caller waits until it has
// ended, as with vfork. unshare(2) allows that for these kinds of namespaces, not for users' or mounts'.
static int make_namespaces(struct swl_sandbox *sandbox) {
    struct helper helper = {.sandbox = sandbox, .report = {.error = -ECHILD}};
    _Alignas(16) char stack[64 * 1024];
    pid_t child = clone(enter_and_open, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, &helper);
    if (child < 0) {
        sandbox->failed_call = "clone";
        return -errno;
    }
    reap(child);
    if (helper.report.error < 0) {
        size_t call = (size_t)helper.report.call;
        sandbox->failed_call = call < sizeof calls / sizeof *calls ? calls[call] : "";
        sandbox->failed_sysctl = (size_t)helper.report.sysctl;
    }
    return helper.report.error;
}

// Process 1 of a shared pid namespace: reaps orphans, and ends only by SIGKILL from outside.
static _Noreturn void be_init(void) {
    prctl(PR_SET_NAME, "swiftlet-init", 0, 0, 0);
    // A container that shares the namespace must not reach our binary and descriptors through /proc/1.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setsid();
    if (chdir("/") < 0)
        _exit(1);
    // Also tells the shim that the above is done.
    syscall(SYS_close_range, 0u, ~0u, 0u);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        (void)sigwaitinfo(&child, NULL);
    }
}

static int make_init(struct swl_sandbox *sandbox) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) < 0) {
        sandbox->failed_call = "pipe2";
        return -errno;
    }
    long child = syscall(SYS_clone, (unsigned long)CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        be_init();
    int failure = errno;
    close(ready[1]);
    if (child < 0) {
        close(ready[0]);
        sandbox->failed_call = "clone(CLONE_NEWPID)";
        return -failure;
    }
    // No container may meet process 1 before it is out of reach. The pipe ends when it is, or when it died.
    char byte;
    (void)read_all(ready[0], &byte, 1);
    close(ready[0]);
    int fd = open_namespace((pid_t)child, "pid");
    if (fd < 0) {
        sandbox->failed_call = "open(/proc/PID/ns)";
        kill((pid_t)child, SIGKILL);
        reap((pid_t)child);
        return fd;
    }
    sandbox->pid = fd;
    sandbox->init_pid = (int32_t)child;
    return 0;
}

int swl_sandbox_create(struct swl_sandbox *sandbox) {
    sandbox->net = sandbox->ipc = sandbox->uts = sandbox->pid = -1;
    sandbox->init_pid = 0;
    sandbox->failed_call = NULL;
    int result = 0;
    if (sandbox->want_net || sandbox->want_ipc || sandbox->want_uts || sandbox->sysctl_count)
        result = make_namespaces(sandbox);
    if (result >= 0 && sandbox->want_pid)
        result = make_init(sandbox);
    if (result >= 0)
        return 0;
    int *const opened[] = {&sandbox->net, &sandbox->ipc, &sandbox->uts};
    for (size_t i = 0; i < 3; i++) {
        if (*opened[i] >= 0)
            close(*opened[i]);
        *opened[i] = -1;
    }
    return result;
}
