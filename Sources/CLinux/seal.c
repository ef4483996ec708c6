// The early half of SealedExecutable: a program that enters containers replaces itself by a run of the same file from a
// read-only mount (CVE-2019-5736). It is linked with one of the entry points below, so that this is its very first act:
// what the C library does before `main` would be done twice, and asks the processor questions that a hypervisor answers.
// Nothing of the library is set up here, so nothing of it is used: no errno, no function, only system calls.
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#define PLAIN __attribute__((no_builtin, no_stack_protector)) // or a loop becomes a call of strlen(3)
#define EMPTY_PATH 0x1000                                     // AT_EMPTY_PATH
#define READ_ONLY 1                                           // ST_RDONLY

#if defined(__x86_64__)
// System V: the stack pointer is at argc, %rdx is for _start.
#define ENTRY(name, decide)                                                                                            \
    __asm__(".pushsection .text." #name ",\"ax\",@progbits\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" \
            "xorl %ebp, %ebp\nmovq %rsp, %rbx\nmovq %rdx, %r12\nmovq %rsp, %rdi\nandq $-16, %rsp\ncall " #decide "\n"  \
            "movq %rbx, %rsp\nmovq %r12, %rdx\njmp _start\n.popsection\n")

PLAIN static inline long call(long number, long a, long b, long c, long d, long e) {
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
// x0 is for _start.
#define ENTRY(name, decide)                                                                                            \
    __asm__(".pushsection .text." #name ",\"ax\",@progbits\n.globl " #name "\n.type " #name ",@function\n" #name ":\n" \
            "mov x29, #0\nmov x30, #0\nmov x19, x0\nmov x0, sp\nbl " #decide "\nmov x0, x19\nb _start\n.popsection\n")

PLAIN static inline long call(long number, long a, long b, long c, long d, long e) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
}
#endif

#ifdef ENTRY
PLAIN static bool equal(const char *text, const char *word) {
    while (*word && *text == *word) text++, word++;
    return *text == *word;
}

PLAIN static bool is_sealed(long program) {
    struct statfs status;
    if (call(SYS_fstatfs, program, (long)&status, 0, 0, 0) == 0 && (status.f_flags & READ_ONLY)) return true;
    long seals = call(SYS_fcntl, program, F_GET_SEALS, 0, 0, 0);
    return seals >= 0 && (seals & F_SEAL_WRITE);
}

// Executes the program again from a clone of its mount. Without the right to mount it comes back: the later half then
// makes a sealed copy. Whatever else fails here, the later half finds the same and says it.
PLAIN static void seal(char **argv, char **envp) {
    long program = call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0);
    if (program < 0) return;
    if (!is_sealed(program)) {
        long tree = call(SYS_open_tree, program, (long)"", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | EMPTY_PATH, 0, 0);
        struct mount_attr attr;
        attr.attr_set = MOUNT_ATTR_RDONLY;
        attr.attr_clr = attr.propagation = attr.userns_fd = 0;
        if (tree >= 0) {
            if (call(SYS_mount_setattr, tree, (long)"", EMPTY_PATH, (long)&attr, sizeof attr) == 0)
                call(SYS_execveat, tree, (long)"", (long)argv, (long)envp, EMPTY_PATH);
            call(SYS_close, tree, 0, 0, 0, 0);
        }
    }
    call(SYS_close, program, 0, 0, 0, 0);
    if (!argv[0]) return;
    // Executed by descriptor, older kernels would show the number of the descriptor as the name.
    const char *name = argv[0];
    for (const char *at = name; *at; at++)
        if (*at == '/') name = at + 1;
    call(SYS_prctl, PR_SET_NAME, (long)name, 0, 0, 0);
}

// What the kernel has put on the stack: the number of arguments, the arguments, 0, the environment, 0.
PLAIN __attribute__((used)) void swl_seal_always(long *stack) {
    char **argv = (char **)(stack + 1);
    seal(argv, argv + *stack + 1);
}

// Too many are harmless (they cost an execve); too few are not, so the later half looks again.
PLAIN __attribute__((used)) void swl_seal_commands(long *stack) {
    char **argv = (char **)(stack + 1);
    for (char **word = argv; *word; word++) {
        if (word == argv || !(equal(*word, "create") || equal(*word, "run") || equal(*word, "exec"))) continue;
        seal(argv, argv + *stack + 1);
        return;
    }
}

// For a program that makes containers in its own process: it always runs sealed.
ENTRY(swl_start_sealed, swl_seal_always);
// For one that puts a process into a container by some of its commands.
ENTRY(swl_start_commands, swl_seal_commands);
#endif
