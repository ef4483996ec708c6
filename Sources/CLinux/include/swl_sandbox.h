#pragma once
// The namespaces of a pod, made by short-lived children so that the caller's own are never touched.

#include <stddef.h>
#include <stdint.h>

// What the pod shares. Each namespace that is wanted comes back as an open descriptor of /proc/CHILD/ns/NAME.
struct swl_sandbox {
    // In: 1 for a namespace that is wanted.
    int want_net, want_ipc, want_uts, want_pid;
    // In: an open network namespace to set sysctls in, when no new one is wanted; -1 for none.
    int join_net;
    // In: the name for the new UTS namespace, or NULL.
    const char *_Nullable hostname;
    // In: pairs of path below /proc/sys and value, written inside the new namespaces; 2 * sysctl_count strings.
    const char *_Nonnull const *_Nullable sysctls;
    size_t sysctl_count;
    // Out: descriptors, close-on-exec, or -1.
    int net, ipc, uts, pid;
    // Out: the process that is process 1 of the pid namespace and reaps in it; 0 without CLONE_NEWPID. Our child.
    int32_t init_pid;
    // Out, on failure: the call, and the sysctl's path if it was one.
    const char *_Nullable failed_call;
    size_t failed_sysctl;
};

// Makes the namespaces; returns 0 or -errno. The caller must hold CAP_SYS_ADMIN and have one thread only.
int swl_sandbox_create(struct swl_sandbox *_Nonnull sandbox);
