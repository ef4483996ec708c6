#pragma once
// glibc functions behind _GNU_SOURCE, which Swift's Glibc module does not see.
#include <stddef.h>

int swl_pipe2(int ends[_Nonnull 2], int flags);
int swl_spawn_addchdir(void *_Nonnull actions, const char *_Nonnull path);
int swl_spawn_addclosefrom(void *_Nonnull actions, int first);
int swl_thread_setname(unsigned long thread, const char *_Nonnull name);
