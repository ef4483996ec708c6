// The operations of the stage that build the container's file system view.
#include "private/stage_internal.h"

#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int filesystem_is(int fd, long magic) {
    struct statfs status;
    if (fstatfs(fd, &status) < 0) return -errno;
    return status.f_type == magic;
}

static bool is_directory(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

// A failed step of the mount API leaves a sentence in the context's log; it goes into the report.
static int context_failure(struct swl_child *c, int context) {
    int failure = errno;
    char text[sizeof c->text];
    ssize_t size = read(context, text, sizeof text - 1);
    if (size > 2 && (text[0] == 'e' || text[0] == 'w') && text[1] == ' ') {
        text[size] = 0;
        char *end = strchr(text, '\n');
        if (end) *end = 0;
        swl_note(c, text + 2);
    }
    return -failure;
}

static int attributes(int mount, uint64_t set, uint64_t clear, unsigned int recursive) {
    if (!set && !clear) return 0;
    return swl_mount_setattr(mount, "", AT_EMPTY_PATH | recursive, set, clear, 0);
}

// MS_SHARED and the like, each possibly with MS_REC; -EINVAL for anything else.
static int propagate(int directory, const char *path, uint64_t propagation) {
    if (!propagation) return 0;
    unsigned int flags = *path ? 0 : AT_EMPTY_PATH;
    if (propagation & MS_REC) flags |= AT_RECURSIVE;
    return swl_mount_setattr(directory, path, flags, 0, 0, propagation & ~(uint64_t)MS_REC);
}

static int attach(struct swl_child *c, int mount, int target) {
    if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0) return 0;
    int r = -errno;
    if (r == -EINVAL && is_directory(mount) != is_directory(target)) {
        swl_note(c, is_directory(mount) ? "a directory cannot be mounted on a file"
                                        : "a file cannot be mounted on a directory");
        r = -ENOTDIR;
    }
    return r;
}

int swl_op_propagation(struct swl_child *c) {
    return propagate(AT_FDCWD, swl_text(c, c->op->text[0]), c->op->value[0]);
}

int swl_op_root(struct swl_child *c) {
    // Opened once: what is cloned is what is covered, whoever changes the path meanwhile.
    int place = open(swl_text(c, c->op->text[0]), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0) return -errno;
    if (c->op->flags & SWL_SOFT) {
        c->root = place;
        return 0;
    }
    int tree = swl_open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
    // pivot_root refuses a shared new root (its parent is seen to by SWL_OP_PROPAGATION).
    int r = tree < 0 ? tree : propagate(tree, "", c->op->value[0]);
    if (r == 0) r = attach(c, tree, place);
    close(place);
    if (r < 0) return r;
    c->root = tree;
    return 0;
}

int swl_op_root_here(struct swl_child *c) {
    c->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return c->root < 0 ? -errno : 0;
}

// Refuses targets on a procfs unless the plan allows it: a mount there could fake what the runtime writes to.
static int check_target(struct swl_child *c, int target) {
    if (c->op->flags & SWL_TARGET_IN_PROC) return 0;
    int r = filesystem_is(target, PROC_SUPER_MAGIC);
    if (r < 0) return r;
    if (r) {
        swl_note(c, "the target lies on /proc");
        return -EPERM;
    }
    return 0;
}

static int set_option(struct swl_child *c, int context, const char *option) {
    char key[256];
    const char *equals = strchr(option, '=');
    if (!equals) {
        if (fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0) < 0) return context_failure(c, context);
        return 0;
    }
    size_t length = (size_t)(equals - option);
    if (length == 0 || length >= sizeof key) return -EINVAL;
    memcpy(key, option, length);
    key[length] = 0;
    if (fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0) < 0) return context_failure(c, context);
    return 0;
}

static int set_mode(int context, mode_t mode) {
    char text[8];
    int at = 7;
    text[at] = 0;
    do {
        text[--at] = (char)('0' + (mode & 7));
        mode >>= 3;
    } while (mode && at > 0);
    return fsconfig(context, FSCONFIG_SET_STRING, "mode", text + at, 0) < 0 ? -errno : 0;
}

// Binds the host's own procfs, sysfs or mqueue with what is mounted below it.
static int bind_hosts(struct swl_child *c, const char *type, int target, uint64_t set) {
    const char *path = !strcmp(type, "proc") ? "/proc" : !strcmp(type, "sysfs") ? "/sys" : "/dev/mqueue";
    int tree = swl_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);
    if (tree < 0) {
        swl_note(c, "the namespace behind it is not the container's, and the host's own mount cannot be bound instead");
        return tree;
    }
    int r = attributes(tree, set, 0, AT_RECURSIVE);
    if (r == 0) r = attach(c, tree, target);
    close(tree);
    return r;
}

int swl_op_mount(struct swl_child *c) {
    const struct swl_op *op = c->op;
    const char *path = swl_text(c, op->text[3]);
    int target = swl_resolve(c, path, op->flags & SWL_TARGET_STRICT);
    // A directory that the image does not have gives neither its mode nor its files to the tmpfs on it.
    bool made = target == -ENOENT;
    if (made) target = swl_resolve_or_make(c, path, true, op->flags & SWL_TARGET_STRICT);
    if (target < 0) return target;
    int r = check_target(c, target);
    if (r < 0) goto out_target;

    int context = fsopen(swl_text(c, op->text[0]), FSOPEN_CLOEXEC);
    if (context < 0) {
        r = -errno;
        if (r == -ENODEV) swl_note(c, "the kernel does not know this file system");
        goto out_target;
    }
    if (op->text[1] && fsconfig(context, FSCONFIG_SET_STRING, "source", swl_text(c, op->text[1]), 0) < 0) {
        r = context_failure(c, context);
        goto out_context;
    }
    if (op->flags & SWL_SUPER_READONLY) (void)fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
    if ((op->flags & SWL_INHERIT_MODE) && !made) {
        struct stat status;
        if (fstat(target, &status) == 0) {
            r = set_mode(context, status.st_mode & 07777);
            if (r < 0) goto out_context;
        }
    }
    if (op->text[2]) {
        for (const char *option = swl_text(c, op->text[2]); *option; option += strlen(option) + 1) {
            r = set_option(c, context, option);
            if (r < 0) goto out_context;
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
        r = context_failure(c, context);
        goto out_context;
    }
    // A copy needs a writable mount: read-only comes after it.
    bool copy = (op->flags & SWL_COPY_UP) && !made;
    uint64_t first = copy ? op->value[0] & ~(uint64_t)MOUNT_ATTR_RDONLY : op->value[0];
    int mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)first);
    if (mount < 0) {
        r = context_failure(c, context);
        goto out_context;
    }
    if (copy) {
        int from = swl_openat2(c->root, path, O_RDONLY | O_DIRECTORY, 0,
                               SWL_RESOLVE_IN_ROOT | SWL_RESOLVE_NO_MAGICLINKS);
        int top = from < 0 ? from : openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = from < 0 ? from : top < 0 ? -errno : swl_copy_tree(from, top, 0);
        if (from >= 0) close(from);
        if (top >= 0) close(top);
        if (r >= 0 && first != op->value[0]) r = attributes(mount, op->value[0] & MOUNT_ATTR_RDONLY, 0, 0);
        if (r < 0) goto out_mount;
    }
    r = attach(c, mount, target);
    if (r == 0) r = propagate(mount, "", op->value[4]);
out_mount:
    close(mount);
out_context:
    close(context);
out_target:
    // The kernel wants the namespace behind such a file system to belong to the user namespace.
    if (r == -EPERM && (op->flags & SWL_OR_BIND)) r = bind_hosts(c, swl_text(c, op->text[0]), target, op->value[0]);
    close(target);
    return r;
}

int swl_op_bind(struct swl_child *c) {
    const struct swl_op *op = c->op;
    bool prepared = op->flags & SWL_PREPARED;
    unsigned int recursive = op->flags & SWL_RECURSIVE ? AT_RECURSIVE : 0;
    int tree = prepared ? fcntl(op->fd, F_DUPFD_CLOEXEC, 3)
                        : swl_open_tree(AT_FDCWD, swl_text(c, op->text[1]), OPEN_TREE_CLONE | recursive);
    if (prepared && tree < 0) return -errno;
    if (tree < 0) {
        if (tree == -ENOENT) swl_note(c, "the source does not exist");
        return tree;
    }
    int target = -1;
    int r = 0;
    if (op->flags & SWL_SOURCE_PROC) {
        r = filesystem_is(tree, PROC_SUPER_MAGIC);
        if (r == 0) {
            swl_note(c, "only a procfs may be mounted there");
            r = -EPERM;
        }
        if (r < 0) goto out;
    }
    target = swl_resolve_or_make(c, swl_text(c, op->text[3]), is_directory(tree), op->flags & SWL_TARGET_STRICT);
    if (target < 0) {
        r = target;
        goto out;
    }
    r = check_target(c, target);
    if (!prepared) {
        if (r == 0) r = attributes(tree, op->value[0], op->value[1], 0);
        if (r == 0) r = attributes(tree, op->value[2], op->value[3], AT_RECURSIVE);
    }
    if (r == 0) r = attach(c, tree, target);
    if (r == 0) r = propagate(tree, "", op->value[4]);
out:
    if (target >= 0) close(target);
    close(tree);
    return r;
}

static int open_null(struct swl_child *c) {
    if (c->null >= 0) return 0;
    int fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) {
        swl_note(c, "the host's /dev/null is not the null device");
        close(fd);
        return -ENODEV;
    }
    c->null = fd;
    return 0;
}

static int hide_directory(struct swl_child *c, int target) {
    if (c->mask >= 0) {
        int copy = swl_open_tree(c->mask, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
        if (copy < 0) return copy;
        int r = attach(c, copy, target);
        close(copy);
        return r;
    }
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0) return -errno;
    int r = 0;
    if (fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0 ||
        fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
        r = context_failure(c, context);
        close(context);
        return r;
    }
    int mount = fsmount(context, FSMOUNT_CLOEXEC,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    if (mount < 0) r = context_failure(c, context);
    close(context);
    if (r < 0) return r;
    r = attach(c, mount, target);
    if (r < 0) close(mount);
    else c->mask = mount; // attached now: further directories get clones of it
    return r;
}

int swl_op_mask(struct swl_child *c) {
    int target = swl_resolve(c, swl_text(c, c->op->text[3]), false);
    if (target == -ENOENT || target == -ENOTDIR) return 0;
    if (target < 0) return target;
    int r;
    if (is_directory(target)) {
        r = hide_directory(c, target);
    } else {
        r = open_null(c);
        if (r == 0) {
            int null = swl_open_tree(c->null, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
            r = null < 0 ? null : attach(c, null, target);
            if (null >= 0) close(null);
        }
    }
    close(target);
    return r;
}

int swl_op_readonly(struct swl_child *c) {
    int target = swl_resolve(c, swl_text(c, c->op->text[3]), false);
    if (target == -ENOENT || target == -ENOTDIR) return 0;
    if (target < 0) return target;
    if (c->op->flags & SWL_SOFT) { // a mount of our own is changed in place
        int changed = attributes(target, MOUNT_ATTR_RDONLY, 0, 0);
        close(target);
        return changed;
    }
    int tree = swl_open_tree(target, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
    int r = tree < 0 ? tree : attributes(tree, MOUNT_ATTR_RDONLY, 0, AT_RECURSIVE);
    if (r == 0) r = attach(c, tree, target);
    if (tree >= 0) close(tree);
    close(target);
    return r;
}

int swl_op_device(struct swl_child *c) {
    const struct swl_op *op = c->op;
    const char *name;
    int parent = swl_resolve_parent(c, swl_text(c, op->text[3]), op->flags & SWL_TARGET_STRICT, &name);
    if (parent < 0) return parent;
    mode_t mode = (mode_t)op->value[0];
    int r = 0;
    if (mknodat(parent, name, mode, (dev_t)op->value[1]) < 0) r = -errno;
    if (r == -EEXIST) {
        struct stat status;
        r = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == 0 && ((status.st_mode & S_IFMT) != (mode & S_IFMT) || status.st_rdev != (dev_t)op->value[1])) {
            swl_note(c, "another file is in its place");
            r = -EEXIST;
        }
    } else if (r == -EPERM) {
        // No right to make devices (user namespace): the host's node is bound there, if it is the same device.
        int tree = swl_open_tree(AT_FDCWD, swl_text(c, op->text[1]), OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
        struct stat status;
        if (tree < 0 || fstat(tree, &status) < 0 || status.st_rdev != (dev_t)op->value[1] ||
            (status.st_mode & S_IFMT) != (mode & S_IFMT)) {
            if (tree >= 0) close(tree);
            close(parent);
            swl_note(c, "devices cannot be made here, and the host has no such device at this path to bind");
            return -EPERM;
        }
        // What is there already is only named, never opened: opening a fifo or a device of the image does something.
        int file = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_RDONLY, 0600);
        r = file < 0 && errno != EEXIST ? -errno : 0;
        if (file >= 0) close(file);
        int target = r < 0 ? r : openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (r == 0) r = target < 0 ? -errno : attach(c, tree, target);
        if (target >= 0) close(target);
        close(tree);
        close(parent);
        return r;
    }
    // The owner is set on what was looked at, not on whatever has the name by then.
    if (r == 0) {
        int node = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;
        if (node < 0 || fstat(node, &status) < 0) r = -errno;
        else if ((status.st_mode & S_IFMT) != (mode & S_IFMT) || status.st_rdev != (dev_t)op->value[1]) r = -EEXIST;
        else if (fchownat(node, "", (uid_t)op->value[2], (gid_t)op->value[3], AT_EMPTY_PATH) < 0) r = -errno;
        if (node >= 0) close(node);
    }
    close(parent);
    return r;
}

int swl_op_symlink(struct swl_child *c) {
    const struct swl_op *op = c->op;
    const char *name;
    int parent = swl_resolve_parent(c, swl_text(c, op->text[3]), op->flags & SWL_TARGET_STRICT, &name);
    if (parent < 0) return parent;
    int r = symlinkat(swl_text(c, op->text[0]), parent, name) < 0 ? -errno : 0;
    close(parent);
    return r == -EEXIST ? 0 : r;
}

// Opens the multiplexer of a devpts. Something mounted over it, or another node, is not opened at all: opening alone may
// already do what a device does.
static int open_ptmx(struct swl_child *c, int pts) {
    int place = swl_openat2(pts, "ptmx", O_PATH | O_NOFOLLOW, 0, SWL_RESOLVE_BENEATH | SWL_RESOLVE_NO_XDEV);
    struct stat status;
    if (place == -EXDEV) swl_note(c, "something is mounted over /dev/pts/ptmx");
    if (place < 0) return place;
    int r = fstat(place, &status) < 0 ? -errno : 0;
    close(place);
    if (r < 0) return r;
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(5, 2)) {
        swl_note(c, "/dev/pts/ptmx is no multiplexer");
        return -ENODEV;
    }
    return swl_openat2(pts, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, 0, SWL_RESOLVE_BENEATH | SWL_RESOLVE_NO_XDEV);
}

static bool is_terminal_of_devpts(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode)) return false;
    unsigned int kind = major(status.st_rdev); // 136 to 143: UNIX98_PTY_SLAVE_MAJOR
    return kind >= 136 && kind <= 143 && filesystem_is(fd, DEVPTS_SUPER_MAGIC) == 1;
}

// The pty comes from the container's own devpts, by descriptor; nothing is opened by a name the image controls.
int swl_op_console(struct swl_child *c) {
    const struct swl_op *op = c->op;
    int pts = swl_resolve(c, "/dev/pts", true);
    if (pts < 0) return pts;
    int r = filesystem_is(pts, DEVPTS_SUPER_MAGIC);
    if (r == 0) {
        swl_note(c, "/dev/pts is no devpts");
        r = -ENODEV;
    }
    int master = r < 0 ? r : open_ptmx(c, pts);
    close(pts);
    if (r < 0) return r;
    if (master < 0) return master;
    int unlock = 0;
    int terminal = -1;
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0) r = -errno;
    else {
        r = 0;
        terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (terminal < 0) r = -errno;
        else if (!is_terminal_of_devpts(terminal)) {
            swl_note(c, "the terminal is not one of the container's devpts");
            r = -ENODEV;
        }
    }
    if (r == 0 && op->value[0]) {
        struct winsize size = {.ws_row = (unsigned short)(op->value[0] >> 16), .ws_col = (unsigned short)op->value[0]};
        if (ioctl(terminal, TIOCSWINSZ, &size) < 0) r = -errno;
    }
    if (r == 0 && fchown(terminal, (uid_t)op->value[1], (gid_t)-1) < 0 && errno != EPERM && errno != EROFS) r = -errno;
    if (r == 0 && !(op->flags & SWL_SOFT)) { // SWL_SOFT: a further process, /dev/console is there already
        int target = swl_resolve_or_make(c, "/dev/console", false, true);
        int tree = target < 0 ? target : swl_open_tree(terminal, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
        r = tree < 0 ? tree : attach(c, tree, target);
        if (tree >= 0) close(tree);
        if (target >= 0) close(target);
    }
    if (r == 0) r = swl_send_report(c, SWL_REPORT_CONSOLE, 0, 0, master);
    for (int n = 0; r == 0 && n < 3; n++) {
        if (dup2(terminal, n) < 0) r = -errno;
    }
    if (terminal > 2) close(terminal);
    if (master > 2) close(master);
    return r;
}

int swl_op_pivot(struct swl_child *c) {
    int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0) return -errno;
    int r = 0;
    // The old root ends up on top of the new one; from there it is detached, so no directory is needed for it.
    if (fchdir(c->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || fchdir(old) < 0) r = -errno;
    if (r == 0) r = propagate(old, "", MS_SLAVE | MS_REC);
    if (r == 0 && umount2(".", MNT_DETACH) < 0) r = -errno;
    if (r == 0 && chdir("/") < 0) r = -errno;
    close(old);
    return r;
}

int swl_op_move_root(struct swl_child *c) {
    if (fchdir(c->root) < 0) return -errno;
    if (move_mount(c->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0) return -errno;
    if (chroot(".") < 0) return -errno;
    return chdir("/") < 0 ? -errno : 0;
}

int swl_op_chroot(struct swl_child *c) {
    if (fchdir(c->root) < 0 || chroot(".") < 0) return -errno;
    return chdir("/") < 0 ? -errno : 0;
}

int swl_op_root_attr(struct swl_child *c) { return attributes(c->root, c->op->value[0], 0, 0); }

int swl_op_root_propagation(struct swl_child *c) { return propagate(c->root, "", c->op->value[0]); }
