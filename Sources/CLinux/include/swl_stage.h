#pragma once
// The stage: what runs between clone3 and execve of a container's process. The parent prepares a flat list of
// operations and one blob of text; the child runs the list in order with system calls only (no allocation, no locks,
// no libc state), and reports on a socket how far it came. Everything here is async-signal-safe.

#include <stddef.h>
#include <stdint.h>

/// What one operation does. `text`, `value` and `flags` are those of `struct swl_op`.
enum swl_code {
    SWL_OP_NONE = 0,

    // Namespaces and process attributes, while the host's files are still visible.
    SWL_OP_SETNS = 1,        // fd: the namespace; value0: CLONE_NEW… or 0
    SWL_OP_UNSHARE = 2,      // value0: CLONE_NEW…
    SWL_OP_SYNC = 3,         // value0: token; reports it and waits for one byte from the parent
    SWL_OP_WRITE_FD = 4,     // fd; text0: what is written in one call
    SWL_OP_WRITE_PROC = 5,   // text0: path below the host's /proc; text1: content
    SWL_OP_HOSTNAME = 6,     // text0
    SWL_OP_DOMAINNAME = 7,   // text0
    SWL_OP_LOOPBACK = 8,     // brings "lo" up
    SWL_OP_SETSID = 9,
    SWL_OP_KEYRING = 10,     // text0: name of a new session keyring
    SWL_OP_RLIMIT = 11,      // value0: RLIMIT_…, value1: soft, value2: hard
    SWL_OP_IOPRIO = 12,      // value0: class << 13 | priority
    SWL_OP_SCHEDULER = 13,   // value0: policy, 1: flags, 2: nice, 3: priority, 4: runtime, 5: deadline, 6: period
    SWL_OP_PERSONALITY = 14, // value0
    SWL_OP_AFFINITY = 15,    // text0: bytes of the mask; value0: their count
    SWL_OP_ROOT_IDS = 16,    // becomes uid 0 and gid 0 of the user namespace, or if it lacks them value0 and value1
    SWL_OP_TIME = 17,        // makes a time namespace and enters it; text0: lines for timens_offsets, or none
    SWL_OP_MEMPOLICY = 18,   // value0: mode with flags, text0: bytes of the node mask, value1: their count

    // The root file system. Targets are resolved inside it and never leave it.
    SWL_OP_PROPAGATION = 20, // text0: path of the host; value0: MS_SLAVE …, with MS_REC for the tree
    SWL_OP_ROOT = 21,        // text0: rootfs of the host, becomes a mount of its own and the root of all targets; value0: MS_PRIVATE or 0;
                             // SWL_SOFT: no mount, as in a mount namespace that is the host's
    SWL_OP_ROOT_HERE = 22,   // the namespace's own root is the root of all targets (exec)
    SWL_OP_MOUNT = 23,       // text0: type, text1: source, text2: options (list), text3: target; values as below
    SWL_OP_BIND = 24,        // text1: source (or fd), text3: target; values as below
    SWL_OP_MASK = 25,        // text3: target, hidden by /dev/null or an empty read-only directory; missing is fine
    SWL_OP_READONLY = 26,    // text3: target, made read-only; missing is fine; SWL_SOFT: it is a mount point, which is changed itself
    SWL_OP_DEVICE = 27,      // text3: target; value0: mode with type, value1: dev_t, value2: uid, value3: gid
    SWL_OP_SYMLINK = 28,     // text0: content, text3: target
    SWL_OP_CONSOLE = 29,     // makes a pty in the container's devpts, sends the master; value0: rows << 16 | columns
    SWL_OP_PIVOT = 30,       // pivot_root into the root
    SWL_OP_MOVE_ROOT = 31,   // MS_MOVE and chroot, for --no-pivot (initramfs)
    SWL_OP_ROOT_ATTR = 32,   // value0: attributes set on the root mount
    SWL_OP_CHROOT = 34,      // chroot(2) into the root, in a mount namespace that is the host's
    SWL_OP_ROOT_PROPAGATION = 33, // value0: MS_SHARED …, of the new root

    // Identity and the last steps.
    SWL_OP_STDIO = 40,       // value0, 1, 2: numbers that become 0, 1, 2
    SWL_OP_CTTY = 41,        // descriptor 0 becomes the controlling terminal
    SWL_OP_CWD = 42,         // text0; SWL_SOFT: EACCES is tried again by the next SWL_OP_CWD
    SWL_OP_NO_NEW_PRIVS = 43,
    SWL_OP_BOUNDING = 44,    // value0: capabilities to keep, value1: the kernel's last capability
    SWL_OP_KEEPCAPS = 45,    // value0: 0 or 1
    SWL_OP_GROUPS = 46,      // text0: gid_t[], value0: count; SWL_SOFT: none at all is fine where setgroups is denied
    SWL_OP_GID = 47,         // value0
    SWL_OP_UID = 48,         // value0
    SWL_OP_CAPS = 49,        // value0: effective, 1: permitted, 2: inheritable
    SWL_OP_AMBIENT = 50,     // value0: bits
    SWL_OP_UMASK = 51,       // value0
    SWL_OP_SECCOMP = 52,     // text0: struct sock_filter[], value0: count, value1: SECCOMP_FILTER_FLAG_…; reports a listener
    SWL_OP_FIND = 53,        // text0: list of candidate paths; the first executable one is what SWL_OP_EXEC runs
    SWL_OP_CLOSE = 54,       // closes all but 0…2, value0 further ones from 3 on, and the stage's own
    SWL_OP_READY = 55,       // reports readiness
    SWL_OP_WAIT = 56,        // waits for one byte from the start descriptor, or from the parent if there is none
    SWL_OP_EXEC = 57,        // never returns
};

/// Flags of an operation.
enum {
    SWL_SOFT = 1u << 0,             // a failure of the expected kind is no error
    SWL_RECURSIVE = 1u << 1,        // bind: with the mounts below
    SWL_TARGET_STRICT = 1u << 2,    // no component of the target may be a symbolic link (/proc, /sys, /dev)
    SWL_TARGET_IN_PROC = 1u << 3,   // the target may lie on a procfs
    SWL_INHERIT_MODE = 1u << 4,     // tmpfs: takes mode of the directory that it covers
    SWL_COPY_UP = 1u << 5,          // tmpfs: starts with a copy of what it covers
    SWL_SUPER_READONLY = 1u << 6,   // the file system itself is opened read-only
    SWL_PREPARED = 1u << 7,         // bind: `fd` is a detached mount with its attributes, only to be attached
    SWL_SOURCE_PROC = 1u << 8,      // bind: the source must be a procfs
    SWL_OR_BIND = 1u << 9,          // mount: without the right to it, the host's own one is bound (user namespaces)
    SWL_MAKE = 1u << 10,            // working directory: made if it is missing
};

/// One operation. Offsets of texts count from the start of the blob; 0 means "none".
///
/// Mounts: value0 attributes set, value1 attributes cleared, value2 the same recursively (set), value3 (cleared),
/// value4 propagation (MS_…, possibly with MS_REC).
struct swl_op {
    uint32_t code;
    uint32_t flags;
    int32_t fd;
    uint32_t text[4];
    uint32_t reserved;
    uint64_t value[8];
};

/// A namespace to join before the child is born.
struct swl_join {
    int32_t fd;
    uint32_t done;
    uint64_t kind; // CLONE_NEW…
};

/// The whole list with what it refers to; all memory belongs to the caller.
struct swl_stage {
    const struct swl_op *_Nonnull ops;
    size_t count;
    const uint8_t *_Nonnull blob;
    /// Pointers for execve: argv, NULL, envp, NULL. Filled by `swl_stage_spawn`; `argc + envc + 2` places.
    char *_Nullable *_Nonnull pointers;
    uint32_t argv;        // offset of argc texts, each ended by a zero byte
    uint32_t argc;
    uint32_t envp;
    uint32_t envc;
    int32_t start_fd;     // the child waits here for one byte; -1: it waits on the report socket
    int32_t result_fd;    // where a failure after the start is written; -1: the report socket
    uint64_t clone_flags; // CLONE_NEW…
    int32_t cgroup_fd;    // CLONE_INTO_CGROUP, or -1
    int32_t pid_namespace; // the child is born into this pid namespace; -1: the flags decide

    // With `go_between` a short-lived process gives birth to the child, which is the caller's all the same. It joins the
    // namespaces of `joins`: those that it may as the caller does first, then the user namespace, then the rest.
    int32_t go_between;
    int32_t user_namespace;          // joined by the go-between, or -1
    struct swl_join *_Nullable joins;
    size_t join_count;
    const char *_Nullable oom_score; // what the go-between writes to its oom_score_adj
    int32_t failed_join;             // out: the index of the join that failed; join_count for the user namespace; or -1
    // The child stays dumpable until SWL_OP_ROOT_IDS, so that a caller without rights can write its id maps.
    int32_t dumpable;
};

/// What the child says.
enum swl_report_kind {
    SWL_REPORT_ERROR = 1,
    SWL_REPORT_SYNC = 2,
    SWL_REPORT_READY = 3,
    SWL_REPORT_CONSOLE = 4, // a descriptor comes with it
    SWL_REPORT_LISTENER = 5, // `token` is the number of the seccomp notification descriptor in the child
};

struct swl_report {
    uint32_t kind;
    uint32_t step;  // index of the operation
    int32_t error;  // errno
    uint32_t token; // of SWL_OP_SYNC
    char text[240]; // more words, ended by a zero byte: the kernel's own mount message, a path
};

/// Starts a child that runs the stage.
///
/// - pidfd: receives a close-on-exec pidfd.
/// - report: receives the parent's end of a SOCK_SEQPACKET socket of `struct swl_report`.
/// Returns the child's pid, or -errno.
int swl_stage_spawn(struct swl_stage *_Nonnull stage, int *_Nonnull pidfd, int *_Nonnull report);

/// Sets what SWL_OP_RLIMIT, SWL_OP_IOPRIO or SWL_OP_SCHEDULER say, of another process: where the process itself has lost
/// the right to. Returns 0 or -errno.
int swl_set_attribute(int pid, const struct swl_op *_Nonnull op);

/// Receives one report, with a descriptor if one comes along (else -1). Returns 1, 0 at the end, or -errno.
int swl_report_receive(int socket, struct swl_report *_Nonnull report, int *_Nonnull fd);
