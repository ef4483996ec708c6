#pragma once
// Path resolution below a directory, extended attributes, and constants of <fcntl.h> that need _GNU_SOURCE.
// Functions return -errno on failure and never allocate.

#include <stddef.h>
#include <stdint.h>

// Checked against the system's headers in paths.c.
enum {
    SWL_O_PATH = 010000000,
    SWL_AT_EMPTY_PATH = 0x1000,
    SWL_RESOLVE_NO_XDEV = 0x01,
    SWL_RESOLVE_NO_MAGICLINKS = 0x02,
    SWL_RESOLVE_NO_SYMLINKS = 0x04,
    SWL_RESOLVE_BENEATH = 0x08,
    SWL_RESOLVE_IN_ROOT = 0x10,
};

/// openat2(2), Linux 5.6. Returns a descriptor.
int swl_openat2(int directory, const char *_Nonnull path, uint64_t flags, uint64_t mode, uint64_t resolve);

/// setxattr(2) and fsetxattr(2); a null value with size 0 is allowed.
int swl_setxattr(const char *_Nonnull path, const char *_Nonnull name, const void *_Nullable value, size_t size);
int swl_fsetxattr(int descriptor, const char *_Nonnull name, const void *_Nullable value, size_t size);
/// getxattr(2) and listxattr(2): the size that the value or the list has; with size 0 nothing is stored.
ptrdiff_t swl_getxattr(const char *_Nonnull path, const char *_Nonnull name, void *_Nullable value, size_t size);
ptrdiff_t swl_listxattr(const char *_Nonnull path, char *_Nullable list, size_t size);

/// syncfs(2): writes everything of the file system that holds the descriptor.
int swl_syncfs(int descriptor);

/// The number of a device from its parts, as mknod(2) wants it.
uint64_t swl_makedev(uint32_t major, uint32_t minor);
uint32_t swl_major(uint64_t device);
uint32_t swl_minor(uint64_t device);
