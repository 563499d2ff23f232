#ifndef OPENNED_SQLITE_TEST_VFS_H
#define OPENNED_SQLITE_TEST_VFS_H

#include <stdint.h>

/* A layer over SQLite's own file access for tests and benchmarks: counts, delays, refuses and reports what SQLite
   does to the disk. Not part of the product. Thread-safe for one database that is written by one thread. */

enum {
    OPENNED_VFS_WRITE = 1,
    OPENNED_VFS_SYNC = 2,
    OPENNED_VFS_TRUNCATE = 3,
    OPENNED_VFS_DELETE = 4
};

/* Makes the layer the default for databases that are opened from now on. Returns 0, or an SQLite error. */
int openned_test_vfs_install(void);

/* How often an operation was asked for since the program began. */
int64_t openned_test_vfs_count(int operation);

/* Lets `operation` fail with an SQLite result code after `passes` more successes, `times` times; 0 times ends it. */
void openned_test_vfs_fail(int operation, int64_t passes, int code, int64_t times);

/* Every sync takes this much longer. */
void openned_test_vfs_delay_sync(int microseconds);

/* Called before each operation that changes the disk; a test may kill the process there. NULL for none. */
void openned_test_vfs_hook(void (*hook)(int operation));

#endif
