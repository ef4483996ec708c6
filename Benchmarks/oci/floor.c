// What a container costs at least on this machine: `floor ROOTFS CGROUP PROGRAM` does with plain system calls what
// a runtime does for the bundle of `runc spec`, without reading any configuration and without any check.
// `floor enter CGROUP-FILE NAMESPACE|- PROGRAM...` puts itself into the cgroup that counts and executes the program.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const controllers[] = {"cpu", "cpuacct", "cpuset", "memory", "devices",
                                          "freezer", "blkio", "pids", "systemd", "unified"};
enum { count = sizeof controllers / sizeof *controllers };

static void check(int result, const char *what) {
    if (result >= 0) return;
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
}

static int put(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    int r = write(fd, text, strlen(text)) < 0 ? -1 : 0;
    close(fd);
    return r;
}

static void group(char *path, size_t size, int n, const char *name, const char *file) {
    snprintf(path, size, "/sys/fs/cgroup/%s%s%s", controllers[n], name, file);
}

// A directory below /sys/fs/cgroup may be a plain one: only real hierarchies count.
static int mounted(int n) {
    char path[64];
    struct statfs type;
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s", controllers[n]);
    return statfs(path, &type) == 0 && (type.f_type == 0x27e0eb || type.f_type == 0x63677270);
}

static void copy(const char *from, const char *to) {
    char text[256] = "";
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    check(fd, from);
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got > 0) check(put(to, text), to);
}

static void make_groups(const char *name) {
    char path[512], from[512];
    for (int n = 0; n < count; n++) {
        if (!mounted(n)) continue;
        group(path, sizeof path, n, name, "");
        char *slash = strrchr(path, '/');
        *slash = 0;
        if (mkdir(path, 0755) < 0 && errno != EEXIST) check(-1, path);
        if (strcmp(controllers[n], "cpuset") == 0) {
            for (int file = 0; file < 2; file++) {
                char to[600];
                snprintf(from, sizeof from, "/sys/fs/cgroup/cpuset/%s", file ? "cpuset.mems" : "cpuset.cpus");
                snprintf(to, sizeof to, "%s/%s", path, file ? "cpuset.mems" : "cpuset.cpus");
                copy(from, to);
            }
        }
        *slash = '/';
        if (mkdir(path, 0755) < 0 && errno != EEXIST) check(-1, path);
        if (strcmp(controllers[n], "cpuset") != 0) continue;
        for (int file = 0; file < 2; file++) {
            const char *which = file ? "/cpuset.mems" : "/cpuset.cpus";
            snprintf(from, sizeof from, "/sys/fs/cgroup/cpuset%s", which);
            group(path, sizeof path, n, name, which);
            copy(from, path);
        }
    }
    group(path, sizeof path, 4, name, "/devices.deny");
    check(put(path, "a"), path);
    group(path, sizeof path, 4, name, "/devices.allow");
    const char *const rules[] = {"c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm",
                                 "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm"};
    for (size_t n = 0; n < sizeof rules / sizeof *rules; n++) check(put(path, rules[n]), path);
}

static void mounts(const char *name) {
    char path[512];
    unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    check(mount("proc", "proc", "proc", safe, NULL), "proc");
    check(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
    mkdir("dev/pts", 0755), mkdir("dev/shm", 0755), mkdir("dev/mqueue", 0755);
    check(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "pts");
    check(mount("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k"), "shm");
    check(mount("mqueue", "dev/mqueue", "mqueue", safe, NULL), "mqueue");
    check(mount("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL), "sys");
    check(mount("tmpfs", "sys/fs/cgroup", "tmpfs", safe, "mode=755"), "cgroup");
    for (int n = 0; n < count; n++) {
        char target[64];
        group(path, sizeof path, n, name, "");
        snprintf(target, sizeof target, "sys/fs/cgroup/%s", controllers[n]);
        if (!mounted(n)) continue;
        mkdir(target, 0755);
        check(mount(path, target, NULL, MS_BIND, NULL), target);
        check(mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | safe, NULL), target);
    }
    check(mount(NULL, "sys/fs/cgroup", NULL, MS_REMOUNT | MS_RDONLY | safe, NULL), "cgroup");
    const struct { const char *path; int major, minor; } nodes[] = {
        {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7}, {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
    for (size_t n = 0; n < sizeof nodes / sizeof *nodes; n++)
        check(mknod(nodes[n].path, S_IFCHR | 0666, makedev((unsigned)nodes[n].major, (unsigned)nodes[n].minor)), nodes[n].path);
    check(symlink("/proc/self/fd", "dev/fd"), "fd"), check(symlink("pts/ptmx", "dev/ptmx"), "ptmx");
    check(symlink("/proc/self/fd/0", "dev/stdin"), "0"), check(symlink("/proc/self/fd/1", "dev/stdout"), "1"), check(symlink("/proc/self/fd/2", "dev/stderr"), "2");
    const char *const fixed[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
    for (size_t n = 0; n < sizeof fixed / sizeof *fixed; n++)
        if (mount(fixed[n], fixed[n], NULL, MS_BIND | MS_REC, NULL) == 0)
            mount(NULL, fixed[n], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | safe, NULL);
    const char *const masks[] = {"proc/kcore", "proc/keys", "proc/timer_list", "proc/latency_stats", "proc/sched_debug"};
    for (size_t n = 0; n < sizeof masks / sizeof *masks; n++) mount("dev/null", masks[n], NULL, MS_BIND, NULL);
    const char *const hidden[] = {"proc/acpi", "proc/asound", "proc/scsi", "sys/firmware"};
    for (size_t n = 0; n < sizeof hidden / sizeof *hidden; n++) mount("tmpfs", hidden[n], "tmpfs", MS_RDONLY, "size=0k");
}

_Noreturn static void child(const char *root, const char *name, const char *program) {
    char path[512];
    for (int n = 0; n < count; n++) {
        group(path, sizeof path, n, name, strcmp(controllers[n], "unified") ? "/tasks" : "/cgroup.procs");
        if (mounted(n)) check(put(path, "0"), path);
    }
    setsid();
    check(sethostname("floor", 5), "sethostname");
    check(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "propagation");
    check(mount(root, root, NULL, MS_BIND | MS_REC, NULL), root);
    check(chdir(root), root);
    mounts(name);
    check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "umount");
    check(chdir("/"), "/");
    check(mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "read-only root");
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    for (int cap = 0; cap <= 40; cap++)
        if (cap != 5 && cap != 10 && cap != 29) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    uint32_t kept = 1u << 5 | 1u << 10 | 1u << 29;
    struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
    check((int)syscall(SYS_capset, &header, data), "capset");
    char *const environment[] = {(char *)"PATH=/bin", NULL};
    execve(program, (char *const[]){(char *)(uintptr_t)program, NULL}, environment);
    check(-1, program);
    _exit(127);
}

static int enter(char **argv) {
    check(put(argv[2], "0"), argv[2]);
    if (strcmp(argv[3], "-") != 0) {
        int namespace = open(argv[3], O_RDONLY | O_CLOEXEC), here = open(".", O_PATH | O_CLOEXEC);
        check(namespace, argv[3]);
        check(setns(namespace, CLONE_NEWNS), "setns");
        check(fchdir(here), "fchdir");
    }
    execvp(argv[4], argv + 4);
    check(-1, argv[4]);
    return 1;
}

int main(int argc, char **argv) {
    if (argc > 4 && strcmp(argv[1], "enter") == 0) return enter(argv);
    if (argc != 4) return fprintf(stderr, "usage: floor ROOTFS CGROUP PROGRAM\n"), 2;
    make_groups(argv[2]);
    struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    check((int)pid, "clone3");
    if (pid == 0) child(argv[1], argv[2], argv[3]);
    int status;
    check(waitpid((pid_t)pid, &status, 0), "waitpid");
    char path[512];
    for (int n = 0; n < count; n++) {
        group(path, sizeof path, n, argv[2], "");
        if (mounted(n) && rmdir(path) < 0) check(-1, path);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
