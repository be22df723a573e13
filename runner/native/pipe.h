/*
 * pipe.h - an engine that is a program: the client side of runner/PROTOCOL.md as a struct assay_engine.
 *
 *   pipe_slot.c     one table of functions for each program that can be open at the same time
 *   pipe_machine.c  the machine level     pipe_kernel.c   codec, invocation and chain
 *   pipe.c          one request and its reply; starting anew; what went wrong
 *   pipe_process.c  the process: bytes in, bytes out, deadlines
 *
 * A process holds one machine, one world and one chain. Each of them carries the serial number it was made with,
 * and a use of an older one is ENGINE_MISUSED.
 */
#ifndef ASSAY_NATIVE_PIPE_H
#define ASSAY_NATIVE_PIPE_H

#include "json.h"
#include "pipe_process.h"

enum { PIPE_MAX = 4 };

/* What the process holds one of. */
enum pipe_kind { PIPE_MACHINE, PIPE_WORLD, PIPE_CHAIN, PIPE_KIND_COUNT };

struct pipe {
    struct assay_engine engine; /* what its hello said */
    char *name, *version;
    double seconds; /* for one request */
    struct pipe_process process;
    unsigned protocol;
    unsigned false_starts; /* one after the other */
    bool greeted;          /* hello was understood once: the table is filled */
    bool wants_ends;       /* `serve --ends`: it is asked to unload and to close at once, not at the next beginning */
    bool records_cut;      /* in the last run */
    int end_failure;       /* of the last pipe_end(): 0, or how the program broke */
    int failure;           /* the last enum engine_failure, 0: none */
    struct text trouble;
    struct text aside; /* the trouble before the last pipe_end(), for those who still point at it */
    uint64_t serial[PIPE_KIND_COUNT];
    /* One request and its reply. */
    const char *op;
    struct text request;
    cJSON *reply;
    struct bytes reply_text;
    uint64_t reply_offset;
    struct json_error error;
    struct json_reader reader;
    struct arena scratch; /* for what need not outlive the request */
};

/* Starts the process and greets it, unless it runs already. 0, or why not. */
int pipe_start(struct pipe *pipe);
void pipe_stop(struct pipe *pipe);
/* Says bye and waits: false when the process does not end well, with a trouble. True when none runs. */
bool pipe_farewell(struct pipe *pipe);

/* Begins a request: {"op": op. The caller adds members, each after a comma, with the functions of text. */
void pipe_request(struct pipe *pipe, const char *op);

/*
 * Sends the request. 0: *ok is the value of "ok" in the reply, to be read with pipe->reader, whose values go
 * into `arena`. Else what the engine answered (enum assay_error) or what happened (enum engine_failure).
 */
int pipe_ask(struct pipe *pipe, struct arena *arena, const cJSON **ok);

/* Ends the reading of a reply: 0, or ENGINE_GARBAGE, and the end of the process, if the reader has complained. */
int pipe_accept(struct pipe *pipe);

/* A request whose reply is {"ok": {}}. */
int pipe_tell(struct pipe *pipe);

/*
 * The machine, world or chain with this serial number is needed no more. Most programs forget it when the next one
 * begins, and hear nothing; one that wants ends is asked, so that what it breaks in is not taken for the next one's.
 */
void pipe_end(struct pipe *pipe, enum pipe_kind kind, uint64_t serial);

/* 0 when this serial number is the last of its kind and the process runs, else why not. */
int pipe_check(struct pipe *pipe, enum pipe_kind kind, uint64_t serial);

bool pipe_knows_revision(const struct pipe *pipe, uint32_t revision);
/* The member "revision", for an engine that knows of revisions. */
void pipe_add_revision(struct pipe *pipe, uint32_t revision);

/* A member that is bytes. */
void pipe_add_bytes(struct pipe *pipe, const char *key, const uint8_t *data, size_t size);

uint32_t pipe_read_exit(struct json_reader *reader, const cJSON *item);
/* "records_cut", which is true or not there, and true only if a list is full, of `longest` records; kept in the pipe.
 */
void pipe_read_cut(struct pipe *pipe, const cJSON *item, size_t longest);
/* Items of a JSON list, one after the other. */
const cJSON *pipe_items(struct json_reader *reader, const cJSON *list);

/* ---- the levels, called by pipe_slot.c ----------------------------------------------------- */

int pipe_load(struct pipe *pipe, const struct assay_program *program, struct assay_machine **machine);
extern const struct assay_machine_level pipe_machine; /* all but load, which each slot has for itself */

int pipe_decode(struct pipe *pipe, uint32_t revision, uint32_t type, const uint8_t *bytes, size_t size, size_t *offset,
                uint8_t *again, size_t *again_size);
int pipe_admit(struct pipe *pipe, const uint8_t *image, size_t size, size_t *offset);
int pipe_hash(struct pipe *pipe, uint32_t revision, uint32_t hash, const uint8_t *value, size_t size,
              uint8_t digest[32]);

int pipe_open(struct pipe *pipe, uint32_t revision, const uint8_t *world, size_t size, struct assay_world **result);
extern const struct assay_invocation_level pipe_invocation; /* all but open */

int pipe_genesis(struct pipe *pipe, uint32_t revision, const uint8_t *image, size_t size, struct assay_chain **chain);
extern const struct assay_chain_level pipe_chain; /* all but genesis */

/* Opens NAME=cmd:COMMAND; NULL after a complaint. */
const struct assay_engine *pipe_engine(const char *spec, const char *timeout);
bool pipe_is_spec(const char *spec);
/* The pipe behind an engine; NULL: it is a shared object. */
struct pipe *pipe_of(const struct assay_engine *engine);

#endif
