/* Instructions and blobs as bytes; the layout is that of isa.md and blob.md. */
#include "encode.h"

#include <string.h>

static size_t put(uint8_t *at, size_t position, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[position + i] = (uint8_t)(value >> (8 * i));
    }
    return position + size;
}

size_t encode(const struct instruction *instruction, const struct operands *operands, uint8_t at[ENCODED_MAX])
{
    const struct operands *o = operands;
    uint8_t registers = (uint8_t)((o->lo & 15) | o->hi << 4);
    uint8_t sized = (uint8_t)((o->lo & 15) | o->x_size << 4);
    size_t end = put(at, 0, instruction->byte, 1);
    switch (instruction->form) {
    case FORM_no_args:
        return end;
    case FORM_one_imm:
        return put(at, end, o->x, o->x_size);
    case FORM_one_reg_ext_imm:
        return put(at, put(at, end, o->lo, 1), o->x, 8);
    case FORM_two_imm:
        return put(at, put(at, put(at, end, o->x_size, 1), o->x, o->x_size), o->y, o->y_size);
    case FORM_one_offset:
        return put(at, end, o->y, o->y_size);
    case FORM_one_reg_one_imm:
        return put(at, put(at, end, o->lo, 1), o->x, o->x_size);
    case FORM_one_reg_two_imm:
    case FORM_one_reg_imm_offset:
        return put(at, put(at, put(at, end, sized, 1), o->x, o->x_size), o->y, o->y_size);
    case FORM_two_reg:
        return put(at, end, registers, 1);
    case FORM_two_reg_one_imm:
        return put(at, put(at, end, registers, 1), o->x, o->x_size);
    case FORM_two_reg_one_offset:
        return put(at, put(at, end, registers, 1), o->y, o->y_size);
    case FORM_two_reg_two_imm:
        end = put(at, put(at, end, registers, 1), o->x_size, 1);
        return put(at, put(at, end, o->x, o->x_size), o->y, o->y_size);
    case FORM_three_reg:
        return put(at, put(at, end, registers, 1), o->third, 1);
    }
    return end;
}

struct bytes encode_blob(struct arena *arena, const uint8_t *code, const uint8_t *start, size_t code_size,
                         const uint32_t *table, size_t table_size, unsigned entry_size)
{
    size_t mask_size = (code_size + 7) / 8;
    struct bytes blob = {.size = 9 + table_size * entry_size + code_size + mask_size};
    blob.data = arena_take(arena, blob.size);
    size_t end = put(blob.data, 0, table_size, 4);
    end = put(blob.data, end, entry_size, 1);
    end = put(blob.data, end, code_size, 4);
    for (size_t i = 0; i < table_size; i++) {
        end = put(blob.data, end, table[i], entry_size);
    }
    if (code_size > 0) {
        memcpy(blob.data + end, code, code_size);
    }
    for (size_t i = 0; i < code_size; i++) {
        blob.data[end + code_size + i / 8] |= (uint8_t)((start[i] & 1) << (i % 8));
    }
    return blob;
}
