#include "divergence.h"

void divergence_clear(struct divergence *found)
{
    text_free(&found->before);
    text_free(&found->expected);
    text_free(&found->got);
    text_free(&found->message);
    *found = (struct divergence){0};
}

static const char *const kind_name[DIVERGENCE_KINDS] = {
    [DIVERGENCE_NONE] = "none",         [DIVERGENCE_INSTRUCTION] = "instruction",
    [DIVERGENCE_BLOCK] = "block",       [DIVERGENCE_EVENT] = "event",
    [DIVERGENCE_STOP] = "stop",         [DIVERGENCE_GAS] = "gas",
    [DIVERGENCE_RESULT] = "result",     [DIVERGENCE_MEMORY] = "memory",
    [DIVERGENCE_DUMP] = "dump",         [DIVERGENCE_STATE] = "state",
    [DIVERGENCE_ROOT] = "root",         [DIVERGENCE_LOAD] = "load",
    [DIVERGENCE_UNSTEADY] = "unsteady", [DIVERGENCE_BROKEN] = "broken",
};

static void write_json(struct text *text, const char *key, const struct text *json)
{
    text_format(text, ", \"%s\": ", key);
    if (json->size == 0) {
        text_raw(text, "null");
    } else {
        text_add(text, json->data, json->size);
    }
}

void divergence_write(struct text *text, const struct divergence *found)
{
    if (found->kind == DIVERGENCE_NONE) {
        text_raw(text, "\"divergence\": null");
        return;
    }
    text_format(text, "\"divergence\": {\"kind\": \"%s\"", kind_name[found->kind]);
    if (found->has_index) {
        text_format(text, ", \"index\": %llu", (unsigned long long)found->index);
    } else {
        text_raw(text, ", \"index\": null");
    }
    if (found->by != NULL) {
        text_format(text, ", \"by\": \"%s\"", found->by);
    }
    if (found->has_gas) {
        text_raw(text, ", \"gas\": ");
        text_hex(text, found->gas);
    }
    if (found->kind == DIVERGENCE_BROKEN) {
        text_format(text, ", \"repeats\": %s, \"during\": ", found->repeats ? "true" : "false");
        if (found->during != NULL) {
            text_string(text, found->during);
        } else {
            text_raw(text, "null");
        }
    }
    write_json(text, "before", &found->before);
    write_json(text, "expected", &found->expected);
    write_json(text, "got", &found->got);
    if (found->message.size > 0) {
        text_raw(text, ", \"message\": ");
        text_string(text, found->message.data);
    }
    write_differences(text, &found->differences);
    if (found->kind == DIVERGENCE_GAS) {
        write_named_differences(text, "poor", &found->poor);
    }
    text_raw(text, "}");
}
