// Detached mounts that a parent prepares with its own rights, for a child that only attaches them.
#include "swl_mount_tree.h"

#include "swl_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int change(int tree, const struct swl_mount_tree *wanted, unsigned int flags, uint64_t set, uint64_t clear,
                  uint64_t propagation, bool idmap) {
    if (!set && !clear && !propagation && !idmap) return 0;
    struct mount_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.attr_set = set | (idmap ? MOUNT_ATTR_IDMAP : 0);
    attr.attr_clr = clear;
    attr.propagation = propagation;
    if (idmap) attr.userns_fd = (uint64_t)wanted->user_namespace;
    return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr) < 0 ? -errno : 0;
}

int swl_prepare_mount(const char *path, const struct swl_mount_tree *wanted) {
    unsigned int recursive = wanted->recursive ? AT_RECURSIVE : 0;
    int tree = swl_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | recursive);
    if (tree < 0) return tree;
    // What the container mounts there must not come back to the host.
    int r = change(tree, wanted, AT_RECURSIVE, 0, 0, MS_SLAVE, false);
    if (r == 0) r = change(tree, wanted, 0, wanted->set, wanted->clear, 0, false);
    if (r == 0) r = change(tree, wanted, AT_RECURSIVE, wanted->set_all, wanted->clear_all, 0, false);
    if (r == 0 && wanted->user_namespace >= 0)
        r = change(tree, wanted, wanted->idmap_all ? AT_RECURSIVE : 0, 0, 0, 0, true);
    if (r == 0 && wanted->propagation) {
        unsigned int flags = wanted->propagation & MS_REC ? AT_RECURSIVE : 0;
        r = change(tree, wanted, flags, 0, 0, wanted->propagation & ~(uint64_t)MS_REC, false);
    }
    if (r == 0) return tree;
    close(tree);
    return r;
}
