#pragma once
// System calls on files, mounts and namespaces that Swift's Glibc module does not import. -errno on failure.

#include <stddef.h>
#include <stdint.h>

#include "paths.h"

#define SWL_CLONE_NEWTIME 0x00000080ull
#define SWL_CLONE_NEWNS 0x00020000ull
#define SWL_CLONE_NEWCGROUP 0x02000000ull
#define SWL_CLONE_NEWUTS 0x04000000ull
#define SWL_CLONE_NEWIPC 0x08000000ull
#define SWL_CLONE_NEWUSER 0x10000000ull
#define SWL_CLONE_NEWPID 0x20000000ull
#define SWL_CLONE_NEWNET 0x40000000ull

int swl_setns(int fd, int type);
int swl_unshare(int flags);
int swl_open_tree(int directory, const char *_Nonnull path, unsigned int flags);
int swl_mount(const char *_Nullable source, const char *_Nonnull target, const char *_Nullable type, uint64_t flags,
              const char *_Nullable data);
int swl_umount(const char *_Nonnull target, int flags);
int swl_mount_setattr(int directory, const char *_Nonnull path, unsigned int flags, uint64_t set, uint64_t clear,
                      uint64_t propagation);
/// A memory file that can be sealed.
int swl_memfd_create(const char *_Nonnull name);
/// Seals a memory file against every change of its content, or says whether it is (1 or 0).
int swl_seal(int fd);
int swl_is_sealed(int fd);
/// renameat2(2) with RENAME_EXCHANGE: each of two existing paths becomes the other, at once.
int swl_exchange(const char *_Nonnull first, const char *_Nonnull second);
/// open(2) with O_PATH.
int swl_open_path(const char *_Nonnull path);
/// A private read-only clone of the mount that `fd` (O_PATH) lies on, rooted at that file.
int swl_clone_readonly(int fd);
/// getrlimit(2).
int swl_limit(int resource, uint64_t *_Nonnull soft, uint64_t *_Nonnull hard);
/// execveat(fd, "", argv, envp, AT_EMPTY_PATH); returns only on failure.
int swl_exec_descriptor(int fd, char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp);
/// f_type of statfs(2), or -errno.
int64_t swl_filesystem_type(const char *_Nonnull path);
/// True if the file's mount is read-only (fstatvfs, ST_RDONLY), or -errno.
int swl_on_readonly_mount(int fd);
/// Permitted and effective capabilities of this thread.
int swl_capabilities(uint64_t *_Nonnull effective, uint64_t *_Nonnull permitted);
/// Sends one descriptor with a text over a connected unix socket.
int swl_send_descriptor(int socket, int fd, const char *_Nonnull text);
/// ioctl(TIOCSWINSZ).
int swl_set_window_size(int fd, uint16_t rows, uint16_t columns);
/// waitid-like: waits for `pid` with wait4; returns the pid, 0 with WNOHANG and nothing, or -errno.
int swl_wait(int pid, int options, int *_Nonnull status, int64_t *_Nullable cpu_microseconds);
/// Loads a device filter for cgroup v2 and attaches it to a cgroup; `instructions` is struct bpf_insn[].
int swl_attach_device_filter(int cgroup, const void *_Nonnull instructions, uint32_t count);
