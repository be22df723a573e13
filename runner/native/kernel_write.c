/* Writes a case of the kernel with the answers of an engine; see kernel_write.h. */
#include "kernel_write.h"

#include "kernel_play.h"

#include <stdio.h>
#include <string.h>

static void write_bytes(struct text *text, const char *key, struct assay_bytes bytes)
{
    text_format(text, "\"%s\": ", key);
    text_bytes(text, bytes.data, bytes.size);
}

static void write_number(struct text *text, const char *key, uint64_t number)
{
    text_format(text, "\"%s\": ", key);
    text_hex(text, number);
}

/* A value of the answer under its name, if it is there. */
static void write_named(struct text *text, const char *comma, const struct kernel_answer *answer, const char *name)
{
    const struct kernel_value *value = answer_find(answer, name);
    if (value != NULL) {
        text_format(text, "%s\"%s\": ", comma, name);
        answer_write_value(text, value);
    }
}

static void write_hashed(struct text *text, const char *comma, const struct kernel_answer *answer, const char *name)
{
    uint8_t hash[HASH_BYTES];
    const struct kernel_value *value = answer_find(answer, name);
    struct assay_bytes bytes = value == NULL ? (struct assay_bytes){0} : value->bytes;
    hash_bytes(bytes.data, bytes.size, hash);
    text_raw(text, comma);
    write_bytes(text, name, (struct assay_bytes){hash, HASH_BYTES});
}

/* Registers that are 0 are not listed. */
static void write_registers(struct text *text, const struct kernel_answer *answer)
{
    const char *comma = "";
    text_raw(text, ", \"regs\": {");
    for (unsigned i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        char name[8];
        snprintf(name, sizeof name, "r%u", i);
        const struct kernel_value *value = answer_find(answer, name);
        if (value != NULL && value->number != 0) {
            text_raw(text, comma);
            write_number(text, name, value->number);
            comma = ", ";
        }
    }
    text_raw(text, "}");
}

/* ---- worlds -------------------------------------------------------------------------------- */

static void write_call(struct text *text, const struct kernel_step *step)
{
    const struct assay_invocation *run = &step->run;
    if (step->is_resume) {
        text_raw(text, "{\"resume\": {");
        if (step->has_scratchpad) {
            write_bytes(text, "scratchpad", step->scratchpad);
        }
        text_raw(text, "}");
        return;
    }
    text_raw(text, "{\"run\": {");
    write_bytes(text, "instance", (struct assay_bytes){run->instance, INSTANCE_BYTES});
    text_raw(text, ", ");
    write_bytes(text, "image", run->image);
    text_raw(text, ", ");
    write_bytes(text, "cnode", run->cnode);
    text_format(text, ", \"endpoint\": %u, ", run->endpoint);
    write_number(text, "gas", run->gas);
    text_raw(text, "}");
}

static void write_call_result(struct text *text, const struct kernel_answer *answer)
{
    static const char *const before[] = {"outcome", "exit", "argument", "pc", "gas"};
    text_raw(text, ", \"result\": ");
    if (answer_find(answer, "outcome") == NULL) { /* one word */
        answer_write_value(text, &answer->value[0]);
        return;
    }
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        write_named(text, i == 0 ? "{" : ", ", answer, before[i]);
    }
    write_registers(text, answer);
    write_named(text, ", ", answer, "gas_used");
    write_named(text, ", ", answer, "instance");
    write_hashed(text, ", ", answer, "cnode");
    write_hashed(text, ", ", answer, "pages");
    write_named(text, ", ", answer, "payload");
    text_raw(text, "}");
}

static void write_world(struct text *text, struct kernel_play *play, const struct kernel_case *vector, bool opens)
{
    struct kernel_answer answer;
    write_bytes(text, "world", vector->given);
    if (!opens) {
        text_raw(text, ", \"open\": \"refused\"");
        return;
    }
    text_raw(text, ", \"steps\": [");
    for (size_t i = 0; i < vector->step_count && play->failure == 0; i++) {
        kernel_play_step(play, i, &answer);
        if (play->failure != 0) {
            break;
        }
        text_raw(text, i == 0 ? "" : ", ");
        write_call(text, &vector->step[i]);
        write_call_result(text, &answer);
        write_hashed(text, ", ", &answer, "dump");
        write_hashed(text, ", ", &answer, "records");
        text_raw(text, ", \"changes\": []}");
    }
    text_raw(text, "]");
}

/* ---- chains -------------------------------------------------------------------------------- */

static void write_event(struct text *text, const struct assay_event *event, const struct kernel_answer *answer)
{
    static const char *const result[] = {"outcome", "exit", "argument", "value", "gas_used"};
    text_format(text, "{\"endpoint\": %u, ", event->endpoint);
    write_bytes(text, "payload", event->payload);
    text_raw(text, ", ");
    write_number(text, "gas", event->gas);
    text_raw(text, ", ");
    write_number(text, "quota", event->quota);
    text_raw(text, ", \"result\": ");
    for (size_t i = 0; i < sizeof result / sizeof *result; i++) {
        write_named(text, i == 0 ? "{" : ", ", answer, result[i]);
    }
    text_raw(text, "}");
    write_named(text, ", ", answer, "root");
    write_named(text, ", ", answer, "instance");
    write_hashed(text, ", ", answer, "records");
    text_raw(text, ", \"changes\": []}");
}

static void write_chain(struct text *text, struct kernel_play *play, const struct kernel_case *vector,
                        struct kernel_answer *answer)
{
    write_bytes(text, "genesis", vector->given);
    write_named(text, ", ", answer, "verdict");
    write_named(text, ", ", answer, "root");
    if (answer_find(answer, "root") == NULL) {
        return;
    }
    text_raw(text, ", \"events\": [");
    for (size_t i = 0; i < vector->step_count; i++) {
        kernel_play_step(play, i, answer);
        if (play->failure != 0) {
            break;
        }
        text_raw(text, i == 0 ? "" : ", ");
        write_event(text, &vector->event[i].given, answer);
    }
    text_raw(text, "]");
}

/* ---- a case -------------------------------------------------------------------------------- */

static void write_codec(struct text *text, const struct kernel_case *vector, const struct kernel_answer *answer)
{
    static const char *const member[] = {[ACT_DECODE] = "bytes", [ACT_ADMIT] = "image", [ACT_HASH] = "value"};
    text_format(text, "\"%s\": {", kernel_act_name[vector->act]);
    if (vector->act == ACT_DECODE) {
        text_format(text, "\"type\": \"%s\", ", type_name(vector->kind));
    } else if (vector->act == ACT_HASH) {
        text_format(text, "\"kind\": \"%s\", ", hash_name(vector->kind));
    }
    write_bytes(text, member[vector->act], vector->given);
    write_named(text, ", ", answer, "verdict");
    write_named(text, ", ", answer, "digest");
    text_raw(text, "}");
}

void kernel_write_case(struct text *text, const struct assay_engine *engine, const struct kernel_case *vector)
{
    struct kernel_play play;
    struct kernel_answer answer;
    kernel_play_init(&play, engine, vector, kernel_is_observable(engine, vector));
    bool opens = kernel_play_open(&play, &answer);
    text_raw(text, "{\"id\": ");
    text_string(text, vector->id);
    text_format(text, ", \"rules\": [], \"against\": [], \"revision\": %u, ", (unsigned)vector->revision);
    if (vector->act == ACT_WORLD) {
        write_world(text, &play, vector, opens);
    } else if (vector->act == ACT_GENESIS) {
        write_chain(text, &play, vector, &answer);
    } else {
        write_codec(text, vector, &answer);
    }
    text_raw(text, "}");
    kernel_play_close(&play);
}
