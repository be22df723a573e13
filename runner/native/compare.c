/* Compares what two runs have left behind, in full, and says field by field what differs. */
#include "compare.h"

#include <stdio.h>
#include <string.h>

struct difference *differences_add(struct differences *differences, const char *field)
{
    static struct difference spare;
    struct difference *item = differences->count < DIFFERENCE_MAX ? &differences->item[differences->count] : &spare;
    differences->count++;
    snprintf(item->field, sizeof item->field, "%s", field);
    return item;
}

void compare_numbers(struct differences *differences, const char *field, uint64_t expected, uint64_t got)
{
    if (expected != got) {
        struct difference *item = differences_add(differences, field);
        snprintf(item->expected, sizeof item->expected, "\"0x%llx\"", (unsigned long long)expected);
        snprintf(item->got, sizeof item->got, "\"0x%llx\"", (unsigned long long)got);
    }
}

void compare_counts(struct differences *differences, const char *field, uint64_t expected, uint64_t got)
{
    if (expected != got) {
        struct difference *item = differences_add(differences, field);
        snprintf(item->expected, sizeof item->expected, "\"%llu\"", (unsigned long long)expected);
        snprintf(item->got, sizeof item->got, "\"%llu\"", (unsigned long long)got);
    }
}

void compare_words(struct differences *differences, const char *field, const char *expected, const char *got)
{
    if (strcmp(expected, got) != 0) {
        struct difference *item = differences_add(differences, field);
        snprintf(item->expected, sizeof item->expected, "\"%.80s\"", expected);
        snprintf(item->got, sizeof item->got, "\"%.80s\"", got);
    }
}

static void compare_field(struct differences *differences, const char *prefix, const char *name, uint64_t expected,
                          uint64_t got)
{
    char field[64];
    if (expected != got) {
        snprintf(field, sizeof field, "%s%s", prefix, name);
        compare_numbers(differences, field, expected, got);
    }
}

static void compare_registers(struct differences *differences, const char *prefix, const uint64_t *expected,
                              const uint64_t *got)
{
    for (unsigned i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        char name[8];
        snprintf(name, sizeof name, "r%u", i);
        compare_field(differences, prefix, name, expected[i], got[i]);
    }
}

void compare_states(struct differences *differences, const char *prefix, const struct assay_state *expected,
                    const struct assay_state *got)
{
    compare_field(differences, prefix, "pc", expected->pc, got->pc);
    compare_field(differences, prefix, "gas", expected->gas, got->gas);
    compare_registers(differences, prefix, expected->reg, got->reg);
}

void compare_steps(struct differences *differences, const char *prefix, const struct assay_step *expected,
                   const struct assay_step *got)
{
    compare_field(differences, prefix, "pc", expected->pc, got->pc);
    compare_registers(differences, prefix, expected->reg, got->reg);
    compare_field(differences, prefix, "store_address", expected->store_address, got->store_address);
    compare_field(differences, prefix, "store_width", expected->store_width, got->store_width);
    compare_field(differences, prefix, "store_value", expected->store_value, got->store_value);
}

void compare_stops(struct differences *differences, const struct assay_stop *expected, const struct assay_stop *got)
{
    const char *expected_name = exit_name(expected->exit), *got_name = exit_name(got->exit);
    if (expected_name != NULL && got_name != NULL) {
        compare_words(differences, "exit", expected_name, got_name);
    } else {
        compare_counts(differences, "exit", expected->exit, got->exit);
    }
    compare_numbers(differences, "argument", expected->argument, got->argument);
    compare_states(differences, "", &expected->state, &got->state);
}

/*
 * Adds one difference for the run of differing bytes at `from` of a page, and returns where it
 * ends.
 */
static size_t compare_run(struct differences *differences, uint32_t address, const uint8_t *expected,
                          const uint8_t *got, size_t from)
{
    struct text text = {0};
    char field[64];
    size_t end = from;
    while (end < PAGE_BYTES && expected[end] != got[end]) {
        end++;
    }
    size_t shown = end - from < DIFFERENCE_BYTES ? end - from : DIFFERENCE_BYTES;
    snprintf(field, sizeof field, "memory 0x%lx", (unsigned long)(address + from));
    struct difference *item = differences_add(differences, field);
    text_bytes(&text, expected + from, shown);
    snprintf(item->expected, sizeof item->expected, "%s", text.data);
    text_clear(&text);
    text_bytes(&text, got + from, shown);
    snprintf(item->got, sizeof item->got, "%s", text.data);
    text_free(&text);
    return end;
}

void compare_guests(struct differences *differences, const struct assay_program *program, const uint8_t *expected,
                    const uint8_t *got)
{
    if (memcmp(expected, got, guest_size(program)) == 0) {
        return;
    }
    for (size_t i = 0; i < program->page_count; i++) {
        const uint8_t *left = expected + i * PAGE_BYTES, *right = got + i * PAGE_BYTES;
        for (size_t at = 0; at < PAGE_BYTES; at++) {
            if (left[at] != right[at]) {
                at = compare_run(differences, program->page[i].address, left, right, at);
            }
        }
    }
}

void write_differences(struct text *text, const struct differences *differences)
{
    write_named_differences(text, "differences", differences);
}

void write_named_differences(struct text *text, const char *name, const struct differences *differences)
{
    text_format(text, ", \"%s\": [", name);
    for (size_t i = 0; i < differences->count && i < DIFFERENCE_MAX; i++) {
        const struct difference *item = &differences->item[i];
        text_format(text, "%s{\"field\": \"%s\", \"expected\": %s, \"got\": %s}", i == 0 ? "" : ", ", item->field,
                    item->expected, item->got);
    }
    text_raw(text, "]");
}

static void write_all_registers(struct text *text, const uint64_t *reg)
{
    text_raw(text, ", \"regs\": ");
    text_registers(text, reg);
}

static void write_state_members(struct text *text, const struct assay_state *state)
{
    text_raw(text, "\"pc\": ");
    text_hex(text, state->pc);
    text_raw(text, ", \"gas\": ");
    text_hex(text, state->gas);
    write_all_registers(text, state->reg);
}

void write_state(struct text *text, const struct assay_state *state)
{
    text_raw(text, "{");
    write_state_members(text, state);
    text_raw(text, "}");
}

void write_record(struct text *text, const struct assay_step *record)
{
    text_raw(text, "{\"pc\": ");
    text_hex(text, record->pc);
    write_all_registers(text, record->reg);
    /* of no width is wrong when there is an address or a value: whoever reads it is to see it */
    if (record->store_width != 0 || record->store_address != 0 || record->store_value != 0) {
        text_raw(text, ", \"store\": [");
        text_hex(text, record->store_address);
        text_format(text, ", %u, ", record->store_width);
        text_hex(text, record->store_value);
        text_raw(text, "]");
    }
    text_raw(text, "}");
}

void write_stop(struct text *text, const struct assay_stop *stop)
{
    const char *name = exit_name(stop->exit);
    text_raw(text, "{\"exit\": ");
    text_string(text, name == NULL ? "unknown" : name);
    text_raw(text, ", \"argument\": ");
    text_hex(text, stop->argument);
    text_raw(text, ", ");
    write_state_members(text, &stop->state);
    text_raw(text, "}");
}
