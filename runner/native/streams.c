/*
 * The conversation of `serve`, away from where an engine would stumble over it.
 *
 * An engine that prints, or closes the descriptors that every program has, must not take part in the conversation
 * by accident. So it moves far up before the engine is loaded; what was standard output then leads where last words
 * go, and standard input is empty.
 */
#define _GNU_SOURCE
#include "serve.h"

#include <fcntl.h>
#include <unistd.h>

enum { FAR_UP = 200 };

static FILE *moved(int descriptor, const char *mode)
{
    int far = fcntl(descriptor, F_DUPFD_CLOEXEC, FAR_UP);
    return far < 0 ? NULL : fdopen(far, mode);
}

bool server_take_streams(struct server *server)
{
    server->input = moved(STDIN_FILENO, "rb");
    server->output = moved(STDOUT_FILENO, "wb");
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool done = server->input != NULL && server->output != NULL && nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
                dup2(STDERR_FILENO, STDOUT_FILENO) >= 0;
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
    return done;
}
