#define _GNU_SOURCE
#include "FileEffects.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Effects are numbered, carried out and written to the journal one at a time, over all programs: what comes later in the
   journal happened later. The file lock falls when its owner is killed; threads of one program have the mutex. */

static struct openned_effects *control;
static char root[PATH_MAX];
static size_t root_length;
static int lock_file = -1, journal = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_anew(void) {
    pthread_mutex_init(&mutex, NULL);
    const char *place = getenv("OPENNED_EFFECTS_CONTROL");
    if (place) lock_file = (int)syscall(SYS_openat, AT_FDCWD, place, O_RDWR | O_CLOEXEC, 0);
}

static void begin(void) {
    const char *place = getenv("OPENNED_EFFECTS_CONTROL"), *below = getenv("OPENNED_EFFECTS_ROOT");
    if (!place || !below || !realpath(below, root)) return;
    root_length = strlen(root);
    lock_file = (int)syscall(SYS_openat, AT_FDCWD, place, O_RDWR | O_CLOEXEC, 0);
    if (lock_file < 0) return;
    void *shared = mmap(NULL, sizeof(struct openned_effects), PROT_READ | PROT_WRITE, MAP_SHARED, lock_file, 0);
    if (shared == MAP_FAILED || ((struct openned_effects *)shared)->magic != OPENNED_EFFECTS_MAGIC) return;
    const char *log = getenv("OPENNED_EFFECTS_JOURNAL");
    if (log) journal = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    pthread_atfork(NULL, NULL, begin_anew);
    control = shared;
}

static int ends_with(const char *path, const char *end) {
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcmp(path + length - tail, end) == 0;
}

/* Whether the path, which is absolute, counts. */
static int counts(const char *path) {
    if (strncmp(path, root, root_length) != 0 || path[root_length] != '/') return 0;
    return !(ends_with(path, "-shm") || ends_with(path, ".log") || ends_with(path, ".trace") ||
             ends_with(path, " (deleted)") || strstr(path + root_length, "/netsim/"));
}

/* The absolute path of a name, whose directory must be there. */
static int resolve(int directory, const char *name, char *path) {
    pthread_once(&once, begin);
    if (!control || !name || !*name) return 0;
    char whole[PATH_MAX], parent[PATH_MAX];
    if (name[0] == '/' || directory == AT_FDCWD) {
        if (strlen(name) >= sizeof whole) return 0;
        strcpy(whole, name);
    } else {
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
        ssize_t length = readlink(link, whole, sizeof whole - 1);
        if (length < 0 || (size_t)length + strlen(name) + 2 > sizeof whole) return 0;
        whole[length] = '/';
        strcpy(whole + length + 1, name);
    }
    size_t length = strlen(whole);
    while (length > 1 && whole[length - 1] == '/') whole[--length] = 0;
    char *slash = strrchr(whole, '/');
    const char *last = slash ? slash + 1 : whole;
    if (slash == whole) return 0;
    if (slash) *slash = 0;
    if (!realpath(slash ? whole : ".", parent)) return 0;
    if (strlen(parent) + strlen(last) + 2 > PATH_MAX) return 0;
    sprintf(path, "%s/%s", parent, last);
    return counts(path);
}

static int resolve_file(int file, char *path) {
    pthread_once(&once, begin);
    if (!control) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return path[0] == '/' && (counts(path) || strcmp(path, root) == 0);
}

static void lock(void) {
    pthread_mutex_lock(&mutex);
    while (flock(lock_file, LOCK_EX) != 0 && errno == EINTR) {}
}

static void unlock(void) {
    flock(lock_file, LOCK_UN);
    pthread_mutex_unlock(&mutex);
}

/* The fault that is due, or 0. */
static int fault(enum openned_effect effect, const char *path) {
    if (control->times == 0 || !(control->operations & 1u << effect) || !strstr(path, control->name)) return 0;
    if (control->passes > 0) {
        control->passes--;
        return 0;
    }
    if (control->times > 0) control->times--;
    control->met++;
    return control->error;
}

/* Begins an effect: locks, counts, kills, fails. Returns 0, or an error; either way `leave` must follow. */
static int enter(enum openned_effect effect, const char *path) {
    lock();
    control->count++;
    if (control->kill_at && control->count >= control->kill_at) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    return fault(effect, path);
}

static void record(
    enum openned_effect effect, const char *path, const char *second, int64_t offset, uint32_t mode, const void *data,
    size_t length) {
    if (journal < 0) return;
    struct openned_effect_record head = {
        OPENNED_RECORD_MAGIC, effect, offset, mode, (uint32_t)strlen(path), second ? (uint32_t)strlen(second) : 0,
        (uint32_t)length,
    };
    struct iovec parts[4] = {
        {&head, sizeof head}, {(void *)path, head.path_length}, {(void *)second, head.second_length},
        {(void *)data, length},
    };
    syscall(SYS_writev, journal, parts, 4);
}

static void leave(void) {
    int kept = errno;
    unlock();
    errno = kept;
}

#define REAL(result, name, ...)                                                                                        \
    static result (*real)(__VA_ARGS__);                                                                                \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* An effect that is one call with one path, and fails with -1. */
#define SIMPLE(effect, path, second, offset, mode, call)                                                               \
    int error = enter(effect, path), result = -1;                                                                      \
    if (error) errno = error;                                                                                          \
    else result = call;                                                                                                \
    if (result >= 0) record(effect, path, second, offset, mode, NULL, 0);                                              \
    leave();                                                                                                           \
    return result

static int open_at(int directory, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    if ((flags & O_TMPFILE) == O_TMPFILE || !resolve(directory, name, path))
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    struct stat info;
    int is_there = lstat(path, &info) == 0;
    if (is_there || !(flags & O_CREAT)) {
        if (control->times && control->operations & 1u << OPENNED_OPEN) {
            lock();
            int error = fault(OPENNED_OPEN, path);
            unlock();
            if (error) return errno = error, -1;
        }
        if (!writes || !(flags & O_TRUNC) || !is_there || info.st_size == 0)
            return (int)syscall(SYS_openat, directory, name, flags, mode);
        SIMPLE(OPENNED_TRUNCATE, path, NULL, 0, 0, (int)syscall(SYS_openat, directory, name, flags, mode));
    }
    SIMPLE(OPENNED_CREATE, path, NULL, 0, mode, (int)syscall(SYS_openat, directory, name, flags, mode));
}

#define OPEN(directory, name)                                                                                          \
    mode_t mode = 0;                                                                                                   \
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) {                                                         \
        va_list more;                                                                                                  \
        va_start(more, flags);                                                                                         \
        mode = va_arg(more, mode_t);                                                                                   \
        va_end(more);                                                                                                  \
    }                                                                                                                  \
    return open_at(directory, name, flags, mode)

int open(const char *name, int flags, ...) { OPEN(AT_FDCWD, name); }
int open64(const char *name, int flags, ...) { OPEN(AT_FDCWD, name); }
int openat(int directory, const char *name, int flags, ...) { OPEN(directory, name); }
int openat64(int directory, const char *name, int flags, ...) { OPEN(directory, name); }
int creat(const char *name, mode_t mode) { return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }

static int made(int file) {
    char path[PATH_MAX];
    if (file < 0 || !resolve_file(file, path)) return file;
    enter(OPENNED_CREATE, path);
    record(OPENNED_CREATE, path, NULL, 0, 0600, NULL, 0);
    leave();
    return file;
}

int mkstemp(char *name) { REAL(int, "mkstemp", char *); return made(real(name)); }
int mkstemp64(char *name) { return mkstemp(name); }
int mkostemp(char *name, int flags) { REAL(int, "mkostemp", char *, int); return made(real(name, flags)); }
int mkostemp64(char *name, int flags) { return mkostemp(name, flags); }

/* `offset` is -1 for the place of the file. */
static ssize_t write_at(int file, const void *data, size_t length, off_t offset) {
    char path[PATH_MAX];
    struct stat info;
    if (!resolve_file(file, path) || fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
        return offset < 0 ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
    int error = enter(OPENNED_WRITE, path);
    ssize_t done = -1;
    if (!error || control->tears) {
        size_t part = error ? length / 2 : length;
        done = offset < 0 ? syscall(SYS_write, file, data, part) : syscall(SYS_pwrite64, file, data, part, offset);
    }
    if (done > 0)
        record(OPENNED_WRITE, path, NULL, offset < 0 ? lseek(file, 0, SEEK_CUR) - done : offset, 0, data, (size_t)done);
    if (error) {
        errno = error;
        done = -1;
    }
    leave();
    return done;
}

ssize_t write(int file, const void *data, size_t length) { return write_at(file, data, length, -1); }
ssize_t pwrite(int file, const void *data, size_t length, off_t at) { return write_at(file, data, length, at); }
ssize_t pwrite64(int file, const void *data, size_t length, off_t at) { return write_at(file, data, length, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!resolve_file(file, path)) return syscall(SYS_writev, file, parts, count);
    ssize_t all = 0;
    for (int index = 0; index < count; index++) {
        ssize_t done = write(file, parts[index].iov_base, parts[index].iov_len);
        if (done < 0) return all > 0 ? all : -1;
        all += done;
        if ((size_t)done < parts[index].iov_len) break;
    }
    return all;
}

/* Copies inside the kernel: callers fall back to reading and writing. */
ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t length, unsigned flags) {
    char path[PATH_MAX];
    if (!resolve_file(out, path)) return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
    return errno = EXDEV, -1;
}

static ssize_t send_file(int out, int in, off_t *from, size_t length) {
    char path[PATH_MAX], bytes[1 << 16];
    if (!resolve_file(out, path)) return syscall(SYS_sendfile, out, in, from, length);
    if (length > sizeof bytes) length = sizeof bytes;
    ssize_t got = from ? syscall(SYS_pread64, in, bytes, length, *from) : syscall(SYS_read, in, bytes, length);
    if (got <= 0) return got;
    ssize_t done = write(out, bytes, (size_t)got);
    if (done > 0 && from) *from += done;
    return done;
}

ssize_t sendfile(int out, int in, off_t *from, size_t length) { return send_file(out, in, from, length); }
ssize_t sendfile64(int out, int in, off_t *from, size_t length) { return send_file(out, in, from, length); }

static ssize_t read_at(int file, void *data, size_t length, off_t offset) {
    char path[PATH_MAX];
    pthread_once(&once, begin);
    if (control && control->times && control->operations & 1u << OPENNED_READ && resolve_file(file, path)) {
        lock();
        int error = fault(OPENNED_READ, path);
        unlock();
        if (error) return errno = error, -1;
    }
    return offset < 0 ? syscall(SYS_read, file, data, length) : syscall(SYS_pread64, file, data, length, offset);
}

ssize_t read(int file, void *data, size_t length) { return read_at(file, data, length, -1); }
ssize_t pread(int file, void *data, size_t length, off_t at) { return read_at(file, data, length, at); }
ssize_t pread64(int file, void *data, size_t length, off_t at) { return read_at(file, data, length, at); }

static int truncate_file(int file, off_t size) {
    char path[PATH_MAX];
    if (!resolve_file(file, path)) return (int)syscall(SYS_ftruncate, file, size);
    SIMPLE(OPENNED_TRUNCATE, path, NULL, size, 0, (int)syscall(SYS_ftruncate, file, size));
}

int ftruncate(int file, off_t size) { return truncate_file(file, size); }
int ftruncate64(int file, off_t size) { return truncate_file(file, size); }

int truncate(const char *name, off_t size) {
    char path[PATH_MAX];
    if (!resolve(AT_FDCWD, name, path)) return (int)syscall(SYS_truncate, name, size);
    SIMPLE(OPENNED_TRUNCATE, path, NULL, size, 0, (int)syscall(SYS_truncate, name, size));
}

/* Space that is only reserved is no content. */
int fallocate(int file, int mode, off_t offset, off_t length) {
    char path[PATH_MAX];
    if (!resolve_file(file, path)) return (int)syscall(SYS_fallocate, file, mode, offset, length);
    return errno = EOPNOTSUPP, -1;
}

int fallocate64(int file, int mode, off_t offset, off_t length) { return fallocate(file, mode, offset, length); }

int posix_fallocate(int file, off_t offset, off_t length) {
    REAL(int, "posix_fallocate", int, off_t, off_t);
    char path[PATH_MAX];
    return resolve_file(file, path) ? 0 : real(file, offset, length);
}

int posix_fallocate64(int file, off_t offset, off_t length) { return posix_fallocate(file, offset, length); }

static int sync_file(int file, long number) {
    char path[PATH_MAX];
    struct stat info;
    if (!resolve_file(file, path) || fstat(file, &info) != 0) return (int)syscall(number, file);
    enum openned_effect effect = S_ISDIR(info.st_mode) ? OPENNED_SYNC_DIRECTORY : OPENNED_SYNC;
    SIMPLE(effect, path, NULL, 0, 0, control->skips_sync ? 0 : (int)syscall(number, file));
}

int fsync(int file) { return sync_file(file, SYS_fsync); }
int fdatasync(int file) { return sync_file(file, SYS_fdatasync); }

static int rename_at(int from, const char *old, int to, const char *name, unsigned flags) {
    char path[PATH_MAX], second[PATH_MAX];
    int is_ours = resolve(from, old, path);
    if (!resolve(to, name, second) || !is_ours) return (int)syscall(SYS_renameat2, from, old, to, name, flags);
    SIMPLE(
        OPENNED_RENAME, path, second, 0, (flags & RENAME_EXCHANGE) != 0,
        (int)syscall(SYS_renameat2, from, old, to, name, flags));
}

int rename(const char *old, const char *name) { return rename_at(AT_FDCWD, old, AT_FDCWD, name, 0); }
int renameat(int from, const char *old, int to, const char *name) { return rename_at(from, old, to, name, 0); }

int renameat2(int from, const char *old, int to, const char *name, unsigned flags) {
    return rename_at(from, old, to, name, flags);
}

static int remove_at(int directory, const char *name, int flags) {
    char path[PATH_MAX];
    if (!resolve(directory, name, path)) return (int)syscall(SYS_unlinkat, directory, name, flags);
    SIMPLE(OPENNED_REMOVE, path, NULL, 0, 0, (int)syscall(SYS_unlinkat, directory, name, flags));
}

int unlink(const char *name) { return remove_at(AT_FDCWD, name, 0); }
int unlinkat(int directory, const char *name, int flags) { return remove_at(directory, name, flags); }
int rmdir(const char *name) { return remove_at(AT_FDCWD, name, AT_REMOVEDIR); }
int remove(const char *name) { return unlink(name) == 0 ? 0 : errno == EISDIR ? rmdir(name) : -1; }

int mkdirat(int directory, const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!resolve(directory, name, path)) return (int)syscall(SYS_mkdirat, directory, name, mode);
    SIMPLE(OPENNED_MAKE_DIRECTORY, path, NULL, 0, mode, (int)syscall(SYS_mkdirat, directory, name, mode));
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

char *mkdtemp(char *name) {
    REAL(char *, "mkdtemp", char *);
    char path[PATH_MAX], *result = real(name);
    if (!result || !resolve(AT_FDCWD, name, path)) return result;
    enter(OPENNED_MAKE_DIRECTORY, path);
    record(OPENNED_MAKE_DIRECTORY, path, NULL, 0, 0700, NULL, 0);
    leave();
    return result;
}

int symlinkat(const char *target, int directory, const char *name) {
    char path[PATH_MAX];
    if (!resolve(directory, name, path)) return (int)syscall(SYS_symlinkat, target, directory, name);
    SIMPLE(OPENNED_SYMLINK, path, target, 0, 0, (int)syscall(SYS_symlinkat, target, directory, name));
}

int symlink(const char *target, const char *name) { return symlinkat(target, AT_FDCWD, name); }

/* A file without a name gets one: then it is created, and everything is written to it, unsynced. */
static int name_file(const char *old, const char *path, int from, int to, const char *name, int flags) {
    int error = enter(OPENNED_CREATE, path), result = -1;
    if (error) errno = error;
    else result = (int)syscall(SYS_linkat, from, old, to, name, flags);
    int file = result == 0 ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (file >= 0) {
        record(OPENNED_CREATE, path, NULL, 0, 0644, NULL, 0);
        char bytes[1 << 16];
        off_t at = 0;
        for (ssize_t got; (got = syscall(SYS_pread64, file, bytes, sizeof bytes, at)) > 0; at += got)
            record(OPENNED_WRITE, path, NULL, at, 0, bytes, (size_t)got);
        syscall(SYS_close, file);
    }
    leave();
    return result;
}

int linkat(int from, const char *old, int to, const char *name, int flags) {
    char path[PATH_MAX], second[PATH_MAX];
    if (!resolve(to, name, path)) return (int)syscall(SYS_linkat, from, old, to, name, flags);
    if (!resolve(from, old, second)) return name_file(old, path, from, to, name, flags);
    SIMPLE(OPENNED_LINK, path, second, 0, 0, (int)syscall(SYS_linkat, from, old, to, name, flags));
}

int link(const char *old, const char *name) { return linkat(AT_FDCWD, old, AT_FDCWD, name, 0); }

int fchmod(int file, mode_t mode) {
    char path[PATH_MAX];
    if (!resolve_file(file, path)) return (int)syscall(SYS_fchmod, file, mode);
    SIMPLE(OPENNED_MODE, path, NULL, 0, mode, (int)syscall(SYS_fchmod, file, mode));
}

int chmod(const char *name, mode_t mode) {
    char path[PATH_MAX];
    if (!resolve(AT_FDCWD, name, path)) return (int)syscall(SYS_chmod, name, mode);
    SIMPLE(OPENNED_MODE, path, NULL, 0, mode, (int)syscall(SYS_chmod, name, mode));
}
