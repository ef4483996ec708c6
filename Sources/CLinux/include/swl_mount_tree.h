#pragma once
// Detached mounts (open_tree(2) with OPEN_TREE_CLONE) with their attributes.

#include <stdbool.h>
#include <stdint.h>

/// What a detached copy of a mount shall be like.
struct swl_mount_tree {
    bool recursive;            // with the mounts below
    uint64_t set, clear;       // MOUNT_ATTR_… of the topmost mount
    uint64_t set_all, clear_all; // of all of them
    uint64_t propagation;      // MS_SHARED …, with MS_REC for all of them; 0: a slave of what it is a copy of
    int32_t user_namespace;    // whose id maps the mount gets (MOUNT_ATTR_IDMAP), or -1
    bool idmap_all;            // not only the topmost mount gets them
};

/// Returns a close-on-exec descriptor of the mount, or -errno. It vanishes with its last descriptor unless it is attached.
int swl_prepare_mount(const char *_Nonnull path, const struct swl_mount_tree *_Nonnull wanted);
