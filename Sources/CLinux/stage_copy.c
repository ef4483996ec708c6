// tmpcopyup: fills a fresh tmpfs with a copy of the directory that it will cover.
#include "private/stage_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEEPEST 64

struct entry { // linux_dirent64
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int copy_file(int from, int to, const char *name, const struct stat *status) {
    // Not blocking: in the place of the file there may be a fifo by now.
    int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (source < 0) return -errno;
    struct stat opened;
    int r = fstat(source, &opened) < 0 ? -errno : S_ISREG(opened.st_mode) ? 0 : -EAGAIN;
    if (r < 0) {
        close(source);
        return r;
    }
    int copy = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (copy < 0) r = -errno;
    char buffer[16384];
    while (r == 0) {
        ssize_t size = read(source, buffer, sizeof buffer);
        if (size < 0) r = -errno;
        if (size <= 0) break;
        for (ssize_t done = 0; r == 0 && done < size;) {
            ssize_t written = write(copy, buffer + done, (size_t)(size - done));
            if (written < 0) r = -errno;
            else done += written;
        }
    }
    if (r == 0 && (fchown(copy, status->st_uid, status->st_gid) < 0 || fchmod(copy, status->st_mode & 07777) < 0))
        r = -errno;
    if (copy >= 0) close(copy);
    close(source);
    return r;
}

static int copy_entry(int from, int to, const char *name, int depth) {
    struct stat status;
    if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (S_ISREG(status.st_mode)) return copy_file(from, to, name, &status);
    if (S_ISLNK(status.st_mode)) {
        char target[PATH_MAX];
        ssize_t size = readlinkat(from, name, target, sizeof target - 1);
        if (size < 0) return -errno;
        target[size] = 0;
        if (symlinkat(target, to, name) < 0) return -errno;
        return fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    }
    if (!S_ISDIR(status.st_mode)) {
        if (mknodat(to, name, status.st_mode, status.st_rdev) < 0) return -errno;
        return fchownat(to, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    }
    if (mkdirat(to, name, 0700) < 0) return -errno;
    int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source < 0) return -errno;
    int copy = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r = copy < 0 ? -errno : swl_copy_tree(source, copy, depth + 1);
    close(source);
    if (copy >= 0) close(copy);
    return r;
}

int swl_copy_tree(int from, int to, int depth) {
    if (depth > DEEPEST) return -ELOOP;
    _Alignas(struct entry) char buffer[4096];
    int r = 0;
    while (r == 0) {
        long size = syscall(SYS_getdents64, from, buffer, sizeof buffer);
        if (size < 0) return -errno;
        if (size == 0) break;
        for (long at = 0; r == 0 && at < size;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            at += entry->length;
            if (strcmp(entry->name, ".") && strcmp(entry->name, "..")) r = copy_entry(from, to, entry->name, depth);
        }
    }
    struct stat status;
    if (r == 0 && (fstat(from, &status) < 0 || fchown(to, status.st_uid, status.st_gid) < 0 ||
                   fchmod(to, status.st_mode & 07777) < 0))
        r = -errno;
    return r;
}
