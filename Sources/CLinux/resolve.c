// Paths inside a container's root. Others may change the tree while we walk it, so every step starts from a
// descriptor and no step follows a link that leaves the root.
#include "private/stage_internal.h"

#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IN_ROOT (SWL_RESOLVE_IN_ROOT | SWL_RESOLVE_NO_MAGICLINKS)

int swl_resolve(const struct swl_child *c, const char *path, bool strict) {
    uint64_t resolve = IN_ROOT | (strict ? SWL_RESOLVE_NO_SYMLINKS : 0);
    int r;
    int attempts = 0;
    do { // EAGAIN: the tree was renamed under us while ".." was resolved; somebody who never stops must not hold us
        r = swl_openat2(c->root, path, O_PATH, 0, resolve);
    } while (r == -EINTR || (r == -EAGAIN && ++attempts < 1024));
    return r;
}

// Opens without following a link at the end; `path` holds no links before it.
static int open_plain(const struct swl_child *c, const char *path) {
    return swl_openat2(c->root, path, O_PATH | O_NOFOLLOW, 0, SWL_RESOLVE_IN_ROOT | SWL_RESOLVE_NO_SYMLINKS);
}

// 1 if it was made, 0 if it was there.
static int make(const struct swl_child *c, const char *parent, const char *name, bool directory) {
    int at = swl_openat2(c->root, parent, O_PATH | O_DIRECTORY, 0, SWL_RESOLVE_IN_ROOT | SWL_RESOLVE_NO_SYMLINKS);
    if (at < 0) return at;
    int r = 0;
    if (directory) {
        if (mkdirat(at, name, 0755) < 0) r = -errno;
    } else {
        int file = openat(at, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
        if (file < 0) r = -errno;
        else close(file);
    }
    close(at);
    return r == 0 ? 1 : r == -EEXIST ? 0 : r;
}

// The directory of `path` as text, and the name in it; false where that is no plain name.
static bool split(const char *path, char parent[PATH_MAX], const char **name) {
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    size_t length = slash && slash != path ? (size_t)(slash - path) : 0;
    if (length >= PATH_MAX) return false;
    strcpy(parent, "/");
    memcpy(parent, path, length);
    if (length) parent[length] = 0;
    return **name && strcmp(*name, ".") && strcmp(*name, "..");
}

// Walks `path`, making what is missing. Links are resolved here, by text, inside the root.
static int walk(const struct swl_child *c, const char *path, bool directory) {
    char done[PATH_MAX] = "/"; // free of links
    char rest[PATH_MAX];
    char parent[PATH_MAX];
    if (strlen(path) >= sizeof rest) return -ENAMETOOLONG;
    strcpy(rest, path);
    int links = 0;
    char *next = rest;
    while (1) {
        while (*next == '/') next++;
        if (!*next) break;
        char *end = strchrnul(next, '/');
        bool last = !*end;
        char *after = end;
        while (*after == '/') after++;
        if (!*after) last = true;
        size_t length = (size_t)(end - next);
        if (length == 1 && next[0] == '.') {
            next = end;
            continue;
        }
        size_t used = strlen(done);
        if (length == 2 && next[0] == '.' && next[1] == '.') {
            char *slash = strrchr(done, '/');
            if (slash == done) slash++;
            *slash = 0;
            next = end;
            continue;
        }
        if (used + length + 2 > sizeof done) return -ENAMETOOLONG;
        strcpy(parent, done);
        if (used > 1) done[used++] = '/';
        memcpy(done + used, next, length);
        done[used + length] = 0;

        int fd = open_plain(c, done);
        if (fd == -ENOENT) {
            int r = make(c, parent, done + used, !last || directory);
            if (r < 0) return r;
            fd = open_plain(c, done);
        }
        if (fd < 0) return fd;
        struct stat status;
        if (fstat(fd, &status) < 0) {
            int r = -errno;
            close(fd);
            return r;
        }
        if (!S_ISLNK(status.st_mode)) {
            next = end;
            if (last) return fd;
            close(fd);
            continue;
        }
        char target[PATH_MAX];
        ssize_t size = readlinkat(fd, "", target, sizeof target - 1);
        int failure = errno;
        close(fd);
        if (size < 0) return -failure;
        target[size] = 0;
        if (++links > 40) return -ELOOP;
        // What follows the link comes after what the link says.
        char tail[PATH_MAX];
        strcpy(tail, end);
        if ((size_t)size + strlen(tail) + 1 > sizeof rest) return -ENAMETOOLONG;
        memcpy(rest, target, (size_t)size);
        strcpy(rest + size, tail);
        next = rest;
        strcpy(done, target[0] == '/' ? "/" : parent);
    }
    return open_plain(c, done);
}

int swl_resolve_or_make(const struct swl_child *c, const char *path, bool directory, bool strict) {
    int fd = swl_resolve(c, path, strict);
    return fd == -ENOENT ? swl_make(c, path, directory, strict) : fd;
}

int swl_make(const struct swl_child *c, const char *path, bool directory, bool strict) {
    char parent[PATH_MAX];
    const char *name;
    // Mostly just the last name is missing, and no link comes before it; all else takes one step after the other.
    if (split(path, parent, &name) && make(c, parent, name, directory) == 1) return swl_resolve(c, path, strict);
    int fd = walk(c, path, directory);
    if (fd < 0 || !strict) return fd;
    close(fd);
    return swl_resolve(c, path, true);
}

int swl_resolve_parent(const struct swl_child *c, const char *path, bool strict, const char **name) {
    char parent[PATH_MAX];
    if (!split(path, parent, name)) return strlen(path) >= PATH_MAX ? -ENAMETOOLONG : -EINVAL;
    return swl_resolve_or_make(c, parent, true, strict);
}
