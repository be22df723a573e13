/*
 * The target reader: the text that the harness takes from strangers. A vector file is read, its machine cases are
 * written, read again and written again, and both texts must be the same. Requests go to each engine behind the
 * server of the protocol, and all replies must be the same.
 */
#include "reader.h"

#include "limited.h"
#include "limits.h"
#include "serve.h"
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- vector files ---------------------------------------------------------------------------- */

static bool write_one(void *context, const struct vector_item *item)
{
    struct text *text = context;
    if (item->vector != NULL) {
        text_raw(text, text->size == 0 ? "" : ",\n");
        vector_write_case(text, item->vector);
    }
    return true;
}

/* The machine cases of a file, written afresh. */
static void rewrite(struct bytes file, struct text *text)
{
    vector_walk_text(file, write_one, text);
}

static void wrap(const struct text *cases, struct text *file)
{
    static const char *const vote[] = {"model"};
    vector_write_head(file, "fuzz", "input", vote, 1);
    text_add(file, cases->data, cases->size);
    text_raw(file, "\n]\n}\n");
}

static void play_vectors(struct assay_bytes given, struct verdict *verdict)
{
    struct text first = {0}, file = {0}, second = {0};
    struct differences differences = {0};
    rewrite((struct bytes){(uint8_t *)(uintptr_t)given.data, given.size}, &first);
    if (first.size > 0) {
        wrap(&first, &file);
        rewrite((struct bytes){(uint8_t *)file.data, file.size}, &second);
        bool is_same = first.size == second.size && memcmp(first.data, second.data, first.size) == 0;
        compare_words(&differences, "cases", "as written", is_same ? "as written" : "read otherwise than written");
    }
    if (differences.count > 0) {
        verdict->kind = VERDICT_DIFFERED;
        verdict->differences = differences;
        verdict->engine = "the reader";
    }
    text_free(&first);
    text_free(&file);
    text_free(&second);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void ask(struct server *server, const uint8_t *line, size_t size)
{
    server->message = (uint8_t *)(uintptr_t)line; /* only read */
    server->message_size = size;
    server_answer(server);
    server->message = NULL;
}

/* True: both replies are the same. */
static bool compare_replies(const struct server server[2], struct differences *differences)
{
    const struct text *left = &server[0].reply, *right = &server[1].reply;
    if (left->size == right->size && memcmp(left->data, right->data, left->size) == 0) {
        return true;
    }
    size_t at = 0;
    while (at < left->size && at < right->size && left->data[at] == right->data[at]) {
        at++;
    }
    char field[32], shown[2][64];
    for (size_t i = 0; i < 2; i++) {
        snprintf(shown[i], sizeof shown[i], "%.60s", server[i].reply.data + at);
        for (char *c = shown[i]; *c != '\0'; c++) {
            *c = *c == '"' || *c == '\\' || (unsigned char)*c >= 0x7f ? '.' : *c;
        }
    }
    snprintf(field, sizeof field, "reply, from byte %zu on", at);
    compare_words(differences, field, shown[0], shown[1]);
    return false;
}

static void play_requests(const struct engines *engines, size_t other, struct assay_bytes text, struct verdict *verdict)
{
    const struct assay_engine *engine = engines->engine[other];
    struct server server[2] = {{.protocol = PROTOCOL_OLDEST}, {.protocol = PROTOCOL_OLDEST}};
    struct differences differences = {0};
    size_t requests = 0;
    server[0].engine = limited_engine(0, engines->engine[0]);
    server[1].engine = limited_engine(1, engine);
    for (size_t at = 0; at < text.size && requests < LIMIT_STEPS; requests++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - (text.data + at));
        ask(&server[0], text.data + at, size);
        ask(&server[1], text.data + at, size);
        if (!compare_replies(server, &differences) || server[0].finished) {
            break;
        }
        at += size + 1;
    }
    verdict_take(verdict, &differences, engine, FLAVOUR_PRODUCTION, requests);
    server_close(&server[0]);
    server_close(&server[1]);
}

static void play(const struct engines *engines, struct arena *arena, struct source source, struct verdict *verdict)
{
    (void)arena;
    unsigned form = source_byte(&source) & 1;
    struct assay_bytes text = source_rest(&source);
    if (form == READER_VECTORS && engines->count > 0) {
        play_vectors(text, verdict);
        return;
    }
    for (size_t i = 1; i < engines->count && verdict->kind != VERDICT_DIFFERED; i++) {
        play_requests(engines, i, text, verdict);
    }
}

static void show(const struct assay_engine *engine, struct arena *arena, struct source source, bool is_whole,
                 struct text *text)
{
    (void)engine;
    (void)arena;
    (void)is_whole;
    bool is_vectors = (source_byte(&source) & 1) == READER_VECTORS;
    struct assay_bytes given = source_rest(&source);
    char *copy = memory_resize(NULL, given.size + 1);
    memcpy(copy, given.data, given.size);
    copy[given.size] = '\0';
    text_format(text, "{\"form\": \"%s\", \"text\": ", is_vectors ? "vectors" : "requests");
    text_string(text, copy);
    text_raw(text, ", \"bytes\": ");
    text_bytes(text, given.data, given.size);
    text_raw(text, "}");
    free(copy);
}

const struct target target_reader = {.name = "reader", .tag = TAG_READER, .play = play, .show = show};
