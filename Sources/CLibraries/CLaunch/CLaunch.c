#define _GNU_SOURCE
#include "include/CLaunch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Between vfork and exec the child shares the memory of the daemon, whose threads go on: only system calls here, no
// allocation, and every signal blocked until the handlers are reset.

static int limit(int kind, unsigned long value) {
    if (value == 0) return 0;
    struct rlimit now;
    if (getrlimit(kind, &now) != 0) return -1;
    rlim_t wanted = now.rlim_max < value ? now.rlim_max : value;
    // A second between the signal that can be caught and the one that cannot.
    rlim_t most = kind == RLIMIT_CPU && wanted < now.rlim_max ? wanted + 1 : wanted;
    const struct rlimit new = {.rlim_cur = wanted, .rlim_max = most};
    return setrlimit(kind, &new);
}

static int limits(const struct openned_launch_request *launch) {
    const struct rlimit no_core = {0, 0};
    if (setrlimit(RLIMIT_CORE, &no_core) != 0) return -1;
    if (limit(RLIMIT_CPU, launch->cpu_seconds) != 0 || limit(RLIMIT_AS, launch->memory) != 0) return -1;
    return limit(RLIMIT_FSIZE, launch->file_size) != 0 || limit(RLIMIT_NOFILE, launch->descriptors) != 0 ? -1 : 0;
}

static int descriptors(const struct openned_launch_request *launch) {
    // Copies above 2 first, so that none of the three overwrites another that is still needed.
    int from[3] = {launch->input, launch->output, launch->errors};
    for (int number = 0; number < 3; number++) {
        from[number] = fcntl(from[number], F_DUPFD_CLOEXEC, 3);
        if (from[number] < 0) return -1;
    }
    for (int number = 0; number < 3; number++) {
        if (dup2(from[number], number) < 0) return -1;
    }
    // Marked, not closed: with vfork, what is open in the child is its own table, and exec closes it.
    return syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static void reset_signals(void) {
    struct sigaction normal;
    __builtin_memset(&normal, 0, sizeof normal);
    normal.sa_handler = SIG_DFL;
    for (int number = 1; number < 32; number++) sigaction(number, &normal, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
}

static void child(const struct openned_launch_request *launch, pid_t parent, volatile int *fault, const char *volatile *step) {
    *step = "setting its process group";
    if (setpgid(0, 0) != 0) goto failed;
    *step = "tying it to the controller";
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) goto failed;
    *step = "giving up privileges";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) goto failed;
    *step = "its file descriptors";
    if (descriptors(launch) != 0) goto failed;
    *step = "its directory";
    if (chdir(launch->directory) != 0) goto failed;
    *step = "its limits";
    if (limits(launch) != 0) goto failed;
    reset_signals();
    *step = "executing it";
    execve(launch->path, launch->arguments, launch->environment);
failed:
    *fault = errno ? errno : ESRCH;
    _exit(127);
}

pid_t openned_launch(const struct openned_launch_request *launch, int *fault, const char **step) {
    volatile int what = 0;
    const char *volatile where = "";
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t parent = getpid();
    const pid_t process = vfork();
    if (process == 0) child(launch, parent, &what, &where);
    if (process < 0) what = errno;
    pthread_sigmask(SIG_SETMASK, &before, 0);
    *fault = what;
    *step = process < 0 ? "making a process" : where;
    return what == 0 ? process : 0;
}

int openned_watch(pid_t process) { return syscall(SYS_pidfd_open, process, 0); }

int openned_pipe(int ends[2], int own) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    return fcntl(ends[own], F_SETFL, O_NONBLOCK);
}

int openned_has_ended(pid_t process) {
    siginfo_t info;
    info.si_pid = 0;
    const int result = waitid(P_PID, process, &info, WEXITED | WNOHANG | WNOWAIT);
    return (result == 0 && info.si_pid == process) || (result != 0 && errno == ECHILD);
}
