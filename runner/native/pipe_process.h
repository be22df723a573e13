/*
 * pipe_process.h - a program behind three pipes: what it is sent, what it answers, and its last words.
 *
 * Nothing here waits longer than it was told to, whatever the program does: it may not read, write without end,
 * close its output and live on, or die. It runs in a process group of its own, which is ended as a whole, and
 * it dies with the harness. Descriptor 3 is its leash: a pipe that ends when the harness lets go of it or dies.
 */
#ifndef ASSAY_NATIVE_PIPE_PROCESS_H
#define ASSAY_NATIVE_PIPE_PROCESS_H

#include "told.h"

#include <sys/types.h>

enum {
    WORDS_SHOWN = 400,    /* of its last words */
    WORDS_KEPT = 2 * 400, /* some are white space */
    REPLY_MAX = 64 << 20, /* bytes of one reply */
    QUOTE_MAX = 120,      /* of what it wrote, in a message */
};

struct pipe_process {
    const char *command; /* given to /bin/sh -c "exec COMMAND" */
    bool framed;
    pid_t id; /* 0: it does not run */
    int input, output, words, leash;
    uint8_t *received; /* of its output; the bytes from `start` on are not yet taken */
    size_t start, received_size, received_room;
    size_t searched; /* no newline before this */
    uint64_t taken;  /* bytes of its output before `received` */
    char tail[WORDS_KEPT];
    size_t tail_size;
    struct told told;
    int status; /* of the last end, as waitpid gives it */
};

enum exchange {
    EXCHANGE_REPLY,
    EXCHANGE_ENDED,    /* its output has ended */
    EXCHANGE_LATE,     /* no whole reply in time */
    EXCHANGE_TOO_LONG, /* more than REPLY_MAX bytes */
    EXCHANGE_UNASKED,  /* output before the request, or behind the reply */
};

/* Starts it; false when the host cannot. */
bool process_start(struct pipe_process *process);

/*
 * Sends a message and waits for one. The reply lies in the process's storage until the next exchange; *offset
 * is where it stands in all of its output. Whatever is not EXCHANGE_REPLY leaves the process for the caller to end.
 */
enum exchange process_exchange(struct pipe_process *process, const char *message, size_t size, double seconds,
                               struct bytes *reply, uint64_t *offset);

/* Hears what it has said on standard error by now. */
void process_hear(struct pipe_process *process);

/* Gives it `grace` seconds to end by itself, then ends it; true when it ended by itself. */
bool process_end(struct pipe_process *process, double grace);

/* Its last words, trimmed; how it ended, "ended with code 3". Each adds to `text`. */
void process_last_words(const struct pipe_process *process, struct text *text);
bool process_ended_well(const struct pipe_process *process);
void process_how_it_ended(const struct pipe_process *process, struct text *text);

#endif
