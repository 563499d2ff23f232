#define _GNU_SOURCE
#include "CSSH.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

struct ssh_server_callbacks_struct *openned_ssh_server_callbacks(void *user_data) {
    struct ssh_server_callbacks_struct *callbacks = calloc(1, sizeof *callbacks);
    if (callbacks == NULL) return NULL;
    ssh_callbacks_init(callbacks);
    callbacks->userdata = user_data;
    return callbacks;
}

struct ssh_channel_callbacks_struct *openned_ssh_channel_callbacks(void *user_data) {
    struct ssh_channel_callbacks_struct *callbacks = calloc(1, sizeof *callbacks);
    if (callbacks == NULL) return NULL;
    ssh_callbacks_init(callbacks);
    callbacks->userdata = user_data;
    return callbacks;
}

int openned_set_nonblocking(int descriptor, int on) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(descriptor, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

void openned_ignore_sigpipe(void) {
    struct sigaction current;
    if (sigaction(SIGPIPE, NULL, &current) == 0 && current.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

int openned_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    return accept4(descriptor, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
