/* serve.h - what the parts of `serve` share: one engine behind the protocol. */
#ifndef ASSAY_NATIVE_SERVE_H
#define ASSAY_NATIVE_SERVE_H

#include "compare.h"

#include <stdio.h>

struct server {
    FILE *input, *output; /* the conversation */
    const struct assay_engine *engine;
    struct assay_machine *machine;
    unsigned protocol; /* of the last hello */
    bool framed;
    bool tells; /* each kernel record on standard error at once: an engine that dies loses none */
    bool finished;
    struct arena arena; /* of one request */
    struct json_error error;
    struct json_reader reader;
    struct text reply;
    uint8_t *message;
    size_t message_size, message_room;
    /* Records of one run or resume. */
    struct assay_state *block;
    struct assay_step *instruction;
    size_t block_count, instruction_count;
    bool records_cut;
    /* The kernel levels. */
    struct assay_world *world;
    struct assay_chain *chain;
    struct text event; /* the records of one step, as members of a JSON array */
    size_t event_count;
};

/* Moves the conversation away from the standard descriptors; false when the host cannot. */
bool server_take_streams(struct server *server);

/* Answers server->message in server->reply. */
void server_answer(struct server *server);
/* Frees what the server holds; not the server itself. */
void server_close(struct server *server);

/* The members of a request; false after an error. */
bool server_members(struct server *server, const cJSON *request, const struct json_key *key, size_t key_count,
                    const cJSON **found);
void server_error(struct server *server, const char *kind, const char *message);
void server_done(struct server *server); /* {"ok": {}} */
/* Whether a member of protocol 2 is there; an error when protocol 1 is spoken. */
bool server_newer_member(struct server *server, const cJSON *item);
/* Of a negative result; `refusal` says what ASSAY_ERROR_ARGUMENT means. */
void server_result(struct server *server, int result, const char *refusal);

/* A request by name, and what answers it; tables end with a NULL. */
struct server_request {
    const char *op;
    void (*answer)(struct server *server, const cJSON *request);
};

extern const struct server_request server_machine[]; /* serve_machine.c */
extern const struct server_request server_kernel[];  /* serve_kernel.c */

/* Closes what the engine made for this server. */
/* An engine that says 0 and gives nothing: an error for it, and true. */
bool server_lacks(struct server *server, int result, const void *given);
void server_forget_machine(struct server *server);
void server_forget_kernel(struct server *server);

#endif
