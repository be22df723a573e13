/* Changes code; see code.h. */
#include "code.h"

#include <string.h>

/* ---- from and to a blob ---------------------------------------------------------------------- */

static uint64_t read_little(const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

static void write_little(uint8_t *data, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(value >> (8 * i));
    }
}

bool code_load(struct code *code, const struct blob_parts *parts)
{
    size_t entries = parts->table.size / parts->entry_size;
    if (parts->code.size > CODE_MAX / 2 || entries > CODE_TABLE_MAX / 2) {
        return false;
    }
    code->size = parts->code.size;
    code->table_size = entries;
    code->entry_size = parts->entry_size;
    for (size_t i = 0; i < code->size; i++) {
        code->byte[i] = parts->code.data[i];
        code->start[i] = i / 8 < parts->starts.size && (parts->starts.data[i / 8] >> (i % 8) & 1) != 0;
    }
    for (size_t i = 0; i < entries; i++) {
        code->table[i] = (uint32_t)read_little(parts->table.data + i * parts->entry_size, parts->entry_size);
    }
    return true;
}

void code_store(const struct code *code, struct arena *arena, struct blob_parts *parts)
{
    size_t starts = (code->size + 7) / 8;
    uint8_t *byte = arena_take(arena, code->size), *start = arena_take(arena, starts);
    uint8_t *table = arena_take(arena, code->table_size * code->entry_size);
    memcpy(byte, code->byte, code->size);
    for (size_t i = 0; i < code->size; i++) {
        start[i / 8] |= (uint8_t)(code->start[i] << (i % 8));
    }
    for (size_t i = 0; i < code->table_size; i++) {
        write_little(table + i * code->entry_size, code->entry_size, code->table[i]);
    }
    parts->entry_size = code->entry_size;
    parts->code = (struct assay_bytes){byte, code->size};
    parts->starts = (struct assay_bytes){start, starts};
    parts->table = (struct assay_bytes){table, code->table_size * code->entry_size};
}

/* ---- instructions ---------------------------------------------------------------------------- */

size_t code_next(const struct code *code, size_t at)
{
    for (at++; at < code->size && code->start[at] == 0; at++) {
    }
    return at < code->size ? at : code->size;
}

size_t code_count(const struct code *code)
{
    size_t count = 0;
    for (size_t i = 0; i < code->size; i++) {
        count += code->start[i];
    }
    return count;
}

size_t code_nth(const struct code *code, size_t index)
{
    for (size_t i = 0; i < code->size; i++) {
        if (code->start[i] != 0 && index-- == 0) {
            return i;
        }
    }
    return code->size;
}

/* Where the offset of the instruction at `at` stands, and its size; 0: it has none. */
static size_t offset_of(const struct code *code, size_t at, size_t *place)
{
    const struct instruction *instruction = instruction_of(code->byte[at]);
    size_t head, end = code_next(code, at);
    if (instruction == NULL) {
        return 0;
    }
    switch (instruction->form) {
    case FORM_one_offset:
        head = 1;
        break;
    case FORM_two_reg_one_offset:
        head = 2;
        break;
    case FORM_one_reg_imm_offset:
        head = at + 1 < end ? 2 + (size_t)(code->byte[at + 1] >> 4 & 7) : 2;
        break;
    default:
        return 0;
    }
    *place = at + head;
    size_t size = *place < end ? end - *place : 0;
    return size < 4 ? size : 4;
}

static int64_t read_offset(const uint8_t *data, size_t size)
{
    unsigned unused = 64 - 8 * (unsigned)size;
    return (int64_t)(read_little(data, size) << unused) >> unused;
}

/* ---- moving ---------------------------------------------------------------------------------- */

/* An edit: what lies at `at` and behind moves by `added`. */
struct edit {
    size_t at, removed, added;
};

static int64_t moved(const struct edit *edit, int64_t position)
{
    if (position <= (int64_t)edit->at) {
        return position;
    }
    if (position < (int64_t)(edit->at + edit->removed)) {
        return (int64_t)edit->at;
    }
    return position + (int64_t)edit->added - (int64_t)edit->removed;
}

/* Rewrites the offset of a jump outside of the edit so that it leads where it led; as far as it fits. */
static void move_jump(struct code *code, const struct edit *edit, size_t at)
{
    size_t place = 0, size = offset_of(code, at, &place);
    if (size == 0) {
        return;
    }
    int64_t target = (int64_t)at + read_offset(code->byte + place, size);
    int64_t offset = moved(edit, target) - moved(edit, (int64_t)at);
    uint8_t written[4];
    write_little(written, size, (uint64_t)offset);
    if (read_offset(written, size) == offset) {
        memcpy(code->byte + place, written, size);
    }
}

bool code_replace(struct code *code, size_t at, size_t removed, const uint8_t *byte, const uint8_t *start, size_t size)
{
    struct edit edit = {at, removed, size};
    if (code->size - removed + size > CODE_MAX) {
        return false;
    }
    for (size_t i = code_nth(code, 0); i < code->size; i = code_next(code, i)) {
        if (i < at || i >= at + removed) {
            move_jump(code, &edit, i);
        }
    }
    for (size_t i = 0; i < code->table_size; i++) {
        code->table[i] = (uint32_t)moved(&edit, code->table[i]);
    }
    memmove(code->byte + at + size, code->byte + at + removed, code->size - at - removed);
    memmove(code->start + at + size, code->start + at + removed, code->size - at - removed);
    if (size > 0) {
        memcpy(code->byte + at, byte, size);
        memcpy(code->start + at, start, size);
    }
    code->size = code->size - removed + size;
    return true;
}
