// Starts a program with what posix_spawn(3) cannot set: limits, no new privileges, death with its parent.
#ifndef OPENNED_CLAUNCH_H
#define OPENNED_CLAUNCH_H

#include <sys/types.h>

struct openned_launch_request {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    // What becomes its standard input, output and error; every other descriptor is closed.
    int input, output, errors;
    // Limits in seconds, bytes, bytes and number (RLIMIT_CPU, _AS, _FSIZE, _NOFILE); 0 leaves one as it is.
    unsigned long cpu_seconds, memory, file_size, descriptors;
};

// The process id, in a process group of its own. 0 on failure, then *fault is the errno and *step what was being done.
//
// The program gets SIGKILL when the calling thread ends: that thread must live as long as the program.
pid_t openned_launch(const struct openned_launch_request *launch, int *fault, const char **step);

// A descriptor that becomes readable when the process ends; -1 if there is none.
int openned_watch(pid_t process);

// Two ends of a pipe, closed on exec; the one numbered `own` (0 or 1) non-blocking. -1 on failure.
int openned_pipe(int ends[2], int own);

// Whether the process has ended; it stays to be reaped.
int openned_has_ended(pid_t process);

#endif
