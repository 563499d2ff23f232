#ifndef OPENNED_FILE_EFFECTS_H
#define OPENNED_FILE_EFFECTS_H

#include <stdint.h>

/* A library that is preloaded (LD_PRELOAD) into the real programs: it numbers every effect that they have on the files
   below a directory, in the order in which it happens, whoever asks for it (our own code, Foundation, SQLite,
   libarchive). At a number it kills the program, as `kill -9` does; it writes all effects to a journal, from which a
   test makes what a power cut would have left; and it lets the disk fail. Not part of the product.

   OPENNED_EFFECTS_ROOT      the directory whose files count; *.log, *.trace, *-shm and netsim/ below it do not
   OPENNED_EFFECTS_CONTROL   a file of the size of `struct openned_effects`, shared by all programs and the test
   OPENNED_EFFECTS_JOURNAL   where effects are appended; optional */

enum openned_effect {
    OPENNED_CREATE = 1,   /* path, mode */
    OPENNED_WRITE = 2,    /* path, offset, data */
    OPENNED_TRUNCATE = 3, /* path, offset: the new size */
    OPENNED_SYNC = 4,     /* path: of a file */
    OPENNED_SYNC_DIRECTORY = 5,
    OPENNED_RENAME = 6, /* path, second path; mode 1: the two change places */
    OPENNED_REMOVE = 7, /* path: of a file, a link or an empty directory */
    OPENNED_MAKE_DIRECTORY = 8,
    OPENNED_SYMLINK = 9, /* path, second path: the target */
    OPENNED_LINK = 10,   /* path: the new name, second path: the old one */
    OPENNED_MODE = 11,   /* path, mode */
    OPENNED_READ = 12,   /* never counted, but may fail */
    OPENNED_OPEN = 13    /* of a file that is there: likewise */
};

#define OPENNED_EFFECTS_MAGIC 0x3146464544454E4F

struct openned_effects {
    uint64_t magic;
    uint64_t count;   /* effects up to now */
    uint64_t kill_at; /* the program dies before this one; 0: none */
    uint32_t skips_sync;
    /* Faults: while `times` is not 0, each effect of `operations` (a bit for each: 1 << effect) on a path that contains
       `name` fails with the number in `error`, after `passes` more that do not. A write may leave half of its bytes. */
    uint32_t operations;
    int32_t error;
    int32_t passes;
    int32_t times;
    uint32_t tears;
    uint32_t met; /* faults up to now */
    char name[100];
};

/* One entry of the journal: this, then path, second path and data without separators. */
struct openned_effect_record {
    uint32_t magic;
    uint32_t effect;
    int64_t offset;
    uint32_t mode;
    uint32_t path_length;
    uint32_t second_length;
    uint32_t data_length;
};

#define OPENNED_RECORD_MAGIC 0x4F4E4552

#endif
