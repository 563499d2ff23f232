#include "CSQLiteTestVFS.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    sqlite3_file base;
    sqlite3_file *real;
} test_file;

static sqlite3_vfs *below;
static sqlite3_vfs layer;
static sqlite3_io_methods methods;

static _Atomic int64_t counts[8];
static _Atomic int64_t fail_passes[8];
static _Atomic int64_t fail_times[8];
static _Atomic int fail_code[8];
static _Atomic int sync_delay;
static void (*_Atomic disk_hook)(int);

static int enter(int operation) {
    void (*hook)(int) = disk_hook;
    if (hook) hook(operation);
    atomic_fetch_add(&counts[operation], 1);
    if (fail_times[operation] > 0 && atomic_fetch_sub(&fail_passes[operation], 1) <= 0) {
        atomic_fetch_sub(&fail_times[operation], 1);
        return fail_code[operation];
    }
    return SQLITE_OK;
}

#define REAL(file) (((test_file *)(file))->real)

static int vfs_close(sqlite3_file *file) {
    int result = SQLITE_OK;
    if (REAL(file)->pMethods) result = REAL(file)->pMethods->xClose(REAL(file));
    return result;
}

static int vfs_read(sqlite3_file *file, void *buffer, int count, sqlite3_int64 offset) {
    return REAL(file)->pMethods->xRead(REAL(file), buffer, count, offset);
}

static int vfs_write(sqlite3_file *file, const void *buffer, int count, sqlite3_int64 offset) {
    int code = enter(OPENNED_VFS_WRITE);
    return code ? code : REAL(file)->pMethods->xWrite(REAL(file), buffer, count, offset);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int code = enter(OPENNED_VFS_TRUNCATE);
    return code ? code : REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int vfs_sync(sqlite3_file *file, int flags) {
    int code = enter(OPENNED_VFS_SYNC);
    if (sync_delay > 0) usleep(sync_delay);
    return code ? code : REAL(file)->pMethods->xSync(REAL(file), flags);
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *size) {
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int vfs_lock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xLock(REAL(file), level); }
static int vfs_unlock(sqlite3_file *file, int level) { return REAL(file)->pMethods->xUnlock(REAL(file), level); }

static int vfs_check_lock(sqlite3_file *file, int *result) {
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), result);
}

static int vfs_control(sqlite3_file *file, int operation, void *argument) {
    return REAL(file)->pMethods->xFileControl(REAL(file), operation, argument);
}

static int vfs_sector_size(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }

static int vfs_characteristics(sqlite3_file *file) {
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int vfs_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **address) {
    return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, address);
}

static int vfs_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}

static void vfs_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int vfs_shm_unmap(sqlite3_file *file, int remove) { return REAL(file)->pMethods->xShmUnmap(REAL(file), remove); }

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    test_file *mine = (test_file *)file;
    mine->real = (sqlite3_file *)(mine + 1);
    memset(mine->real, 0, below->szOsFile);
    int result = below->xOpen(below, name, mine->real, flags, out);
    mine->base.pMethods = result == SQLITE_OK ? &methods : NULL;
    return result;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_directory) {
    (void)vfs;
    int code = enter(OPENNED_VFS_DELETE);
    return code ? code : below->xDelete(below, name, sync_directory);
}

int openned_test_vfs_install(void) {
    if (below) return SQLITE_OK;
    int code = sqlite3_initialize();
    if (code != SQLITE_OK) return code;
    below = sqlite3_vfs_find(NULL);
    if (!below) return SQLITE_ERROR;
    layer = *below;
    layer.zName = "openned-test";
    layer.pNext = NULL;
    layer.szOsFile = (int)sizeof(test_file) + below->szOsFile;
    layer.xOpen = vfs_open;
    layer.xDelete = vfs_delete;
    methods = (sqlite3_io_methods){
        2, vfs_close, vfs_read, vfs_write, vfs_truncate, vfs_sync, vfs_size, vfs_lock, vfs_unlock, vfs_check_lock,
        vfs_control, vfs_sector_size, vfs_characteristics, vfs_shm_map, vfs_shm_lock, vfs_shm_barrier, vfs_shm_unmap,
        NULL, NULL,
    };
    return sqlite3_vfs_register(&layer, 1);
}

int64_t openned_test_vfs_count(int operation) { return counts[operation]; }

void openned_test_vfs_fail(int operation, int64_t passes, int code, int64_t times) {
    fail_times[operation] = 0;
    fail_passes[operation] = passes;
    fail_code[operation] = code;
    fail_times[operation] = times;
}

void openned_test_vfs_delay_sync(int microseconds) { sync_delay = microseconds; }

void openned_test_vfs_hook(void (*hook)(int)) { disk_hook = hook; }
