#include <pthread.h>
#include <spawn.h>
#include "swl_posix.h"

#include <errno.h>
#include <unistd.h>

int swl_pipe2(int ends[2], int flags) { return pipe2(ends, flags) < 0 ? -errno : 0; }

int swl_spawn_addchdir(void *actions, const char *path) {
    return -posix_spawn_file_actions_addchdir_np(actions, path);
}

int swl_spawn_addclosefrom(void *actions, int first) {
    return -posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int swl_thread_setname(unsigned long thread, const char *name) { return -pthread_setname_np(thread, name); }
