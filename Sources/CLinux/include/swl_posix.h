#pragma once
// glibc functions behind _GNU_SOURCE, which Swift's Glibc module does not see.
#include <pthread.h>
#include <spawn.h>

int swl_pipe2(int ends[_Nonnull 2], int flags);
int swl_spawn_addchdir(posix_spawn_file_actions_t *_Nonnull actions, const char *_Nonnull path);
int swl_thread_setname(pthread_t thread, const char *_Nonnull name);
