#include "CPowerLoss.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 3, DATABASE = 0, WAL = 1, JOURNAL = 2, OTHER = -1 };
enum operation { WRITE = 1, TRUNCATE, SYNC, REMOVE, ACKNOWLEDGE, DIRECTORY };

struct entry {
    enum operation operation;
    int file;
    int64_t offset;  // of a write; the new size of a truncation; the seq of an acknowledgement
    size_t length;
    unsigned char *data;
};

// The record, and the faults to come. Everything is guarded by `lock`.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;
static size_t entry_count, entry_room;
static int is_recording;
static int64_t fail_in, failed_calls;
static int fail_kinds, fail_code, fail_lasting;

static void record(enum operation operation, int file, int64_t offset, size_t length, const void *data) {
    pthread_mutex_lock(&lock);
    if (is_recording && file != OTHER) {
        if (entry_count == entry_room) {
            entry_room = entry_room ? entry_room * 2 : 1024;
            entries = realloc(entries, entry_room * sizeof *entries);
            if (!entries) abort();
        }
        struct entry *entry = &entries[entry_count++];
        *entry = (struct entry){operation, file, offset, length, NULL};
        if (data) {
            entry->data = malloc(length ? length : 1);
            if (!entry->data) abort();
            memcpy(entry->data, data, length);
        }
    }
    pthread_mutex_unlock(&lock);
}

// The code this call shall fail with; SQLITE_OK if it shall not.
static int fault(int kind, int file) {
    int code = SQLITE_OK;
    if (file == OTHER) return code;
    pthread_mutex_lock(&lock);
    if (fail_in > 0 && (fail_kinds & kind)) {
        if (fail_in == 1) {
            code = fail_code;
            failed_calls++;
            if (!fail_lasting) fail_in = 0;
        } else {
            fail_in--;
        }
    }
    pthread_mutex_unlock(&lock);
    return code;
}

// MARK: The VFS

struct file {
    sqlite3_file base;
    int which;
    sqlite3_file *real;
};

static struct file *mine(sqlite3_file *file) { return (struct file *)file; }
static sqlite3_file *real(sqlite3_file *file) { return mine(file)->real; }

static int close_file(sqlite3_file *file) { return real(file)->pMethods->xClose(real(file)); }

static int read_file(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset) {
    int code = fault(SWL_CALL_READ, mine(file)->which);
    return code ? code : real(file)->pMethods->xRead(real(file), buffer, count, offset);
}

static int write_file(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset) {
    int code = fault(SWL_CALL_WRITE, mine(file)->which);
    int done = code ? count / 2 : count;
    record(WRITE, mine(file)->which, offset, (size_t)done, buffer);
    int result = real(file)->pMethods->xWrite(real(file), buffer, done, offset);
    return code ? code : result;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    int code = fault(SWL_CALL_TRUNCATE, mine(file)->which);
    if (code) return code;
    record(TRUNCATE, mine(file)->which, size, 0, NULL);
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int sync_file(sqlite3_file *file, int flags) {
    (void)flags;
    int code = fault(SWL_CALL_SYNC, mine(file)->which);
    if (code) return code;
    record(SYNC, mine(file)->which, 0, 0, NULL);
    return SQLITE_OK;  // only the record matters; the real disk need not be bothered
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) { return real(file)->pMethods->xFileSize(real(file), size); }
static int lock_file(sqlite3_file *file, int level) { return real(file)->pMethods->xLock(real(file), level); }
static int unlock_file(sqlite3_file *file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
static int check_lock(sqlite3_file *file, int *out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
static int control(sqlite3_file *file, int operation, void *argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }
static int characteristics(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}
static int shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
static void shm_barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }
static int shm_unmap(sqlite3_file *file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

static const sqlite3_io_methods methods = {
    2,         close_file,  read_file,  write_file, truncate_file,   sync_file, file_size, lock_file,   unlock_file,
    check_lock, control,    sector_size, characteristics, shm_map, shm_lock,  shm_barrier, shm_unmap, NULL, NULL,
};

static sqlite3_vfs *default_vfs;
static sqlite3_vfs powerloss_vfs;

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    struct file *opened = mine(file);
    opened->real = (sqlite3_file *)(opened + 1);
    opened->which = flags & SQLITE_OPEN_MAIN_DB        ? DATABASE
                    : flags & SQLITE_OPEN_WAL          ? WAL
                    : flags & SQLITE_OPEN_MAIN_JOURNAL ? JOURNAL
                                                       : OTHER;
    opened->base.pMethods = NULL;
    int code = fault(SWL_CALL_OPEN, opened->which);
    if (code) return code;
    code = default_vfs->xOpen(default_vfs, name, opened->real, flags, out);
    opened->base.pMethods = opened->real->pMethods ? &methods : NULL;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_directory) {
    (void)vfs;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, "-wal") == 0) record(REMOVE, WAL, 0, 0, NULL);
    if (length > 8 && strcmp(name + length - 8, "-journal") == 0) record(REMOVE, JOURNAL, 0, 0, NULL);
    return default_vfs->xDelete(default_vfs, name, sync_directory);
}

int swl_powerloss_register(void) {
    static int result = -1;
    pthread_mutex_lock(&lock);
    if (result < 0) {
        default_vfs = sqlite3_vfs_find(NULL);
        powerloss_vfs = *default_vfs;
        powerloss_vfs.zName = "powerloss";
        powerloss_vfs.szOsFile = (int)sizeof(struct file) + default_vfs->szOsFile;
        powerloss_vfs.xOpen = open_file;
        powerloss_vfs.xDelete = delete_file;
        result = sqlite3_vfs_register(&powerloss_vfs, 0);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

void swl_powerloss_start(void) {
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < entry_count; i++) free(entries[i].data);
    entry_count = 0;
    is_recording = 1;
    fail_in = 0;
    pthread_mutex_unlock(&lock);
}

void swl_powerloss_stop(void) {
    pthread_mutex_lock(&lock);
    is_recording = 0;
    pthread_mutex_unlock(&lock);
}

void swl_powerloss_acknowledge(int64_t seq) { record(ACKNOWLEDGE, DATABASE, seq, 0, NULL); }
void swl_powerloss_directory_synced(void) { record(DIRECTORY, DATABASE, 0, 0, NULL); }
int64_t swl_powerloss_points(void) { return (int64_t)entry_count; }

void swl_powerloss_fail(int64_t n, int kinds, int code, int lasting) {
    pthread_mutex_lock(&lock);
    fail_in = n;
    fail_kinds = kinds;
    fail_code = code;
    fail_lasting = lasting;
    failed_calls = 0;
    pthread_mutex_unlock(&lock);
}

int64_t swl_powerloss_failed(void) {
    pthread_mutex_lock(&lock);
    int64_t count = failed_calls;
    pthread_mutex_unlock(&lock);
    return count;
}

// MARK: The states that a power cut may leave

struct contents {
    unsigned char *bytes;
    size_t size, room;
    int exists;
};

// What is certainly on the disk, what may be there, and how far the walk has come. Used by one thread.
static struct contents durable[FILES], current[FILES];
static size_t *unsynced;
static size_t unsynced_count, walk_point;
static int64_t walk_acknowledged;
static int32_t walk_variants, walk_variant, walk_stride;
static int name_is_durable;
static uint64_t walk_random;

static uint64_t next_random(void) {
    walk_random ^= walk_random << 13;
    walk_random ^= walk_random >> 7;
    walk_random ^= walk_random << 17;
    return walk_random >> 11;
}

static void put(struct contents *contents, size_t offset, const unsigned char *data, size_t length) {
    size_t end = offset + length;
    if (end > contents->room) {
        contents->room = end * 2 + 65536;
        contents->bytes = realloc(contents->bytes, contents->room);
        if (!contents->bytes) abort();
    }
    if (offset > contents->size) memset(contents->bytes + contents->size, 0, offset - contents->size);
    if (length) memcpy(contents->bytes + offset, data, length);
    if (end > contents->size) contents->size = end;
    contents->exists = 1;
}

static void apply(struct contents *all, const struct entry *entry, size_t length) {
    struct contents *contents = &all[entry->file];
    if (entry->operation == WRITE) put(contents, (size_t)entry->offset, entry->data, length);
    if (entry->operation == TRUNCATE && (size_t)entry->offset < contents->size) contents->size = (size_t)entry->offset;
}

static void copy(struct contents *to, const struct contents *from) {
    to->size = 0;
    put(to, 0, from->bytes, from->size);
    to->exists = from->exists;
}

void swl_powerloss_walk(int32_t variants, int32_t stride, uint64_t seed) {
    for (int i = 0; i < FILES; i++) durable[i].size = 0, durable[i].exists = 0;
    unsynced = realloc(unsynced, (entry_count + 1) * sizeof *unsynced);
    if (!unsynced) abort();
    unsynced_count = walk_point = 0;
    walk_acknowledged = 0;
    walk_variants = variants;
    walk_variant = variants;
    walk_stride = stride;
    walk_random = seed | 1;
    name_is_durable = 0;
}

// Takes the next recorded call into account.
static void advance(void) {
    const struct entry *entry = &entries[walk_point];
    switch (entry->operation) {
        case ACKNOWLEDGE: walk_acknowledged = entry->offset; break;
        case DIRECTORY: name_is_durable = 1; break;
        case REMOVE:
        case SYNC: {
            size_t kept = 0;
            for (size_t i = 0; i < unsynced_count; i++) {
                const struct entry *pending = &entries[unsynced[i]];
                if (pending->file != entry->file) {
                    unsynced[kept++] = unsynced[i];
                } else if (entry->operation == SYNC) {
                    apply(durable, pending, pending->length);
                }
            }
            unsynced_count = kept;
            if (entry->operation == REMOVE) durable[entry->file].size = 0, durable[entry->file].exists = 0;
            break;
        }
        default: unsynced[unsynced_count++] = walk_point; break;
    }
    walk_point++;
}

static size_t torn(size_t length, uint64_t random) {
    size_t sectors = length / 512;
    return sectors < 2 ? length : (size_t)(random % sectors) * 512;
}

static int store(const char *directory, const char *name, const struct contents *contents) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unlink(path);
    if (!contents->exists) return 0;
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    size_t done = 0;
    while (done < contents->size) {
        ssize_t count = write(file, contents->bytes + done, contents->size - done);
        if (count < 0) {
            int failure = errno;
            close(file);
            return -failure;
        }
        done += (size_t)count;
    }
    close(file);
    return 0;
}

int swl_powerloss_next(const char *directory, struct swl_powerloss_state *state) {
    // With nothing unsynced all variants are the same one.
    if (walk_variant >= walk_variants || (walk_variant > 0 && unsynced_count == 0)) {
        if (walk_point == entry_count) return 0;
        for (int32_t i = 0; i < walk_stride && walk_point < entry_count; i++) advance();
        walk_variant = 0;
    }
    int32_t variant = walk_variant++;
    for (int i = 0; i < FILES; i++) copy(&current[i], &durable[i]);
    for (size_t i = 0; i < unsynced_count; i++) {
        const struct entry *pending = &entries[unsynced[i]];
        size_t length = pending->length;
        if (variant == 0) break;
        if (variant == 2 && i == unsynced_count - 1) length = length / 1024 * 512;
        if (variant > 2) {
            uint64_t random = next_random();
            if (random & 1) continue;
            if ((random & 6) == 6) length = torn(length, random >> 4);
        }
        apply(current, pending, length);
    }
    // Until its directory is synced, a file may have its content and yet no name.
    int has_database = name_is_durable || variant == 1 || (variant > 2 && (next_random() & 1));
    if (!has_database) current[DATABASE].exists = 0;
    *state = (struct swl_powerloss_state){(int64_t)walk_point, walk_acknowledged, variant, has_database};
    char shm[4096];
    snprintf(shm, sizeof shm, "%s/events.db-shm", directory);
    unlink(shm);
    int result = store(directory, "events.db", &current[DATABASE]);
    if (!result) result = store(directory, "events.db-wal", &current[WAL]);
    if (!result) result = store(directory, "events.db-journal", &current[JOURNAL]);
    return result ? result : 1;
}
