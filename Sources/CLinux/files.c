#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int result(long r) { return r < 0 ? -errno : (int)r; }

int swl_setns(int fd, int type) { return result(setns(fd, type)); }

int swl_unshare(int flags) { return result(unshare(flags)); }

int swl_open_tree(int directory, const char *path, unsigned int flags) {
    return result(open_tree(directory, path, flags | OPEN_TREE_CLOEXEC));
}

int swl_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data) {
    return result(mount(source ? source : "none", target, type, flags, data));
}

int swl_umount(const char *target, int flags) { return result(umount2(target, flags)); }

int swl_mount_setattr(int directory, const char *path, unsigned int flags, uint64_t set, uint64_t clear,
                      uint64_t propagation) {
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return result(mount_setattr(directory, path, flags, &attr, sizeof attr));
}

int swl_memfd_create(const char *name) { return result(memfd_create(name, MFD_ALLOW_SEALING | MFD_CLOEXEC)); }

int swl_seal(int fd) {
    return result(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

int swl_is_sealed(int fd) {
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

int swl_exchange(const char *first, const char *second) {
    return result(renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE));
}

int swl_open_path(const char *path) { return result(open(path, O_PATH | O_CLOEXEC)); }

int swl_clone_readonly(int fd) {
    int tree = swl_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    if (tree < 0) return tree;
    int r = swl_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0);
    if (r == 0) return tree;
    close(tree);
    return r;
}

int swl_limit(int resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit64 limit;
    if (syscall(SYS_prlimit64, 0, resource, NULL, &limit) < 0) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int swl_exec_descriptor(int fd, char *const *argv, char *const *envp) {
    return result(syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH));
}

int64_t swl_filesystem_type(const char *path) {
    struct statfs status;
    return statfs(path, &status) < 0 ? -errno : (int64_t)status.f_type;
}

int swl_on_readonly_mount(int fd) {
    struct statvfs status;
    if (fstatvfs(fd, &status) < 0) return -errno;
    return (status.f_flag & ST_RDONLY) != 0;
}

int swl_capabilities(uint64_t *effective, uint64_t *permitted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) < 0) return -errno;
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    return 0;
}

int swl_send_descriptor(int socket, int fd, const char *text) {
    struct iovec vector = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.space = {0}};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int swl_set_window_size(int fd, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return result(ioctl(fd, TIOCSWINSZ, &size));
}

pid_t swl_wait(pid_t pid, int options, int *status, int64_t *cpu_microseconds) {
    struct rusage usage;
    pid_t r = wait4(pid, status, options, &usage);
    if (r < 0) return -errno;
    if (cpu_microseconds) {
        *cpu_microseconds = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
                            usage.ru_stime.tv_usec;
    }
    return r;
}

int swl_attach_device_filter(int cgroup, const void *instructions, uint32_t count) {
    static const char license[] = "Apache-2.0";
    union bpf_attr load;
    memset(&load, 0, sizeof load);
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = (uint64_t)(uintptr_t)instructions;
    load.insn_cnt = count;
    load.license = (uint64_t)(uintptr_t)license;
    int program = result(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load));
    if (program < 0) return program;
    union bpf_attr attach;
    memset(&attach, 0, sizeof attach);
    attach.target_fd = (uint32_t)cgroup;
    attach.attach_bpf_fd = (uint32_t)program;
    attach.attach_type = BPF_CGROUP_DEVICE;
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    int r = result(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach));
    close(program);
    return r;
}
