// The early half of SealedExecutable: a program that enters containers replaces itself by a run of the same file from a
// read-only mount, as its very first act, so that the first start costs little more than an execve.
#include "swl_files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

__attribute__((constructor(101))) static void seal(int argc, char **argv, char **envp) {
    if (!swl_wants_seal || !swl_wants_seal(argc, argv)) return;
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (program < 0) return; // the later half finds the same and says it
    if (swl_on_readonly_mount(program) != 1 && !swl_is_sealed(program)) {
        int place = swl_open_path("/proc/self/exe");
        int clone = place < 0 ? place : swl_clone_readonly(place);
        // Without the right to mount it comes back: the later half then makes a sealed copy.
        if (clone >= 0) {
            swl_exec_descriptor(clone, argv, envp);
            close(clone);
        }
        if (place >= 0) close(place);
    }
    close(program);
    // Executed by descriptor, older kernels would show the number of the descriptor as the name.
    const char *name = argc > 0 ? strrchr(argv[0], '/') : 0;
    if (argc > 0) prctl(PR_SET_NAME, name ? name + 1 : argv[0], 0, 0, 0);
}
