#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

_Static_assert(SWL_O_PATH == O_PATH, "O_PATH");
_Static_assert(SWL_AT_EMPTY_PATH == AT_EMPTY_PATH, "AT_EMPTY_PATH");
_Static_assert(SWL_RESOLVE_NO_XDEV == RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV");
_Static_assert(SWL_RESOLVE_NO_MAGICLINKS == RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS");
_Static_assert(SWL_RESOLVE_NO_SYMLINKS == RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS");
_Static_assert(SWL_RESOLVE_BENEATH == RESOLVE_BENEATH, "RESOLVE_BENEATH");
_Static_assert(SWL_RESOLVE_IN_ROOT == RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT");

int swl_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    long r = syscall(SYS_openat2, directory, path, &how, sizeof how);
    return r < 0 ? -errno : (int)r;
}

int swl_setxattr(const char *path, const char *name, const void *value, size_t size) {
    return setxattr(path, name, value, size, 0) < 0 ? -errno : 0;
}

int swl_fsetxattr(int descriptor, const char *name, const void *value, size_t size) {
    return fsetxattr(descriptor, name, value, size, 0) < 0 ? -errno : 0;
}

ssize_t swl_getxattr(const char *path, const char *name, void *value, size_t size) {
    ssize_t r = getxattr(path, name, value, size);
    return r < 0 ? -errno : r;
}

ssize_t swl_listxattr(const char *path, char *list, size_t size) {
    ssize_t r = listxattr(path, list, size);
    return r < 0 ? -errno : r;
}

int swl_syncfs(int descriptor) { return syncfs(descriptor) < 0 ? -errno : 0; }

uint64_t swl_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }
uint32_t swl_major(uint64_t device) { return major(device); }
uint32_t swl_minor(uint64_t device) { return minor(device); }
