#pragma once
#include "swl_stage.h"

#include <stdbool.h>

/// What the child knows while it runs; one value, in its own copy of the memory.
struct swl_child {
    const struct swl_stage *stage;
    const struct swl_op *op; // the one that runs
    int report;
    int root;     // the container's root directory, or -1
    int proc;     // the host's /proc, or -1
    int mask;     // the empty read-only directory that hides directories, or -1
    int null;     // the host's /dev/null, verified, or -1
    bool cwd_done;
    bool started; // past SWL_OP_WAIT
    const char *executable;
    char text[240]; // goes into the report of a failure
};

static inline const char *swl_text(const struct swl_child *c, uint32_t offset) {
    return (const char *)c->stage->blob + offset;
}

void swl_note(struct swl_child *c, const char *text);

// All return 0 (or a descriptor), or -errno.
int swl_resolve(const struct swl_child *c, const char *path, bool strict);
// For a path that does not exist.
int swl_make(const struct swl_child *c, const char *path, bool directory, bool strict);
int swl_resolve_or_make(const struct swl_child *c, const char *path, bool directory, bool strict);
int swl_resolve_parent(const struct swl_child *c, const char *path, bool strict, const char **name);

int swl_op_propagation(struct swl_child *c);
int swl_op_root(struct swl_child *c);
int swl_op_root_here(struct swl_child *c);
int swl_op_mount(struct swl_child *c);
int swl_op_bind(struct swl_child *c);
int swl_op_mask(struct swl_child *c);
int swl_op_readonly(struct swl_child *c);
int swl_op_device(struct swl_child *c);
int swl_op_symlink(struct swl_child *c);
int swl_op_console(struct swl_child *c);
int swl_op_pivot(struct swl_child *c);
int swl_op_move_root(struct swl_child *c);
int swl_op_chroot(struct swl_child *c);
int swl_op_root_attr(struct swl_child *c);
int swl_op_root_propagation(struct swl_child *c);
int swl_copy_tree(int from, int to, int depth);

int swl_open_proc(struct swl_child *c);
int swl_write_proc(const struct swl_child *c, const char *path, const char *content);
int swl_op_write_proc(struct swl_child *c);
int swl_op_loopback(void);
int swl_op_cwd(struct swl_child *c);
int swl_op_bounding(const struct swl_op *op);
int swl_op_undumpable(void);
int swl_op_caps(const struct swl_op *op);
int swl_op_ambient(const struct swl_op *op);
int swl_op_stdio(const struct swl_op *op);
int swl_op_find(struct swl_child *c);
int swl_op_close(struct swl_child *c);

int swl_send_report(struct swl_child *c, uint32_t kind, int error, uint32_t token, int fd);
