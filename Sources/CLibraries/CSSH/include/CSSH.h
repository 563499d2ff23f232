// libssh as Swift sees it, what its macros hide, and the Linux descriptors that its loops wait on.
#ifndef OPENNED_CSSH_H
#define OPENNED_CSSH_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

// Callback tables, zeroed and with their size set (ssh_callbacks_init is a macro). NULL when out of memory; the caller
// frees them with free(3), after the session that uses them.
struct ssh_server_callbacks_struct *openned_ssh_server_callbacks(void *user_data);
struct ssh_channel_callbacks_struct *openned_ssh_channel_callbacks(void *user_data);

// Sets (1) or clears (0) O_NONBLOCK; fcntl is variadic.
int openned_set_nonblocking(int descriptor, int on);

// accept4(2) (a GNU extension): the new socket is non-blocking and closed on exec.
int openned_accept(int descriptor, struct sockaddr *address, socklen_t *length);

// Makes a write to a closed socket an error instead of the death of the process.
void openned_ignore_sigpipe(void);

#endif
