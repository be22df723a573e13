/* The code blob: one strict parse, every bound checked here (blob.md). */
#include "machine.h"

static uint64_t read_little_endian(const uint8_t *bytes, uint64_t count)
{
    uint64_t value = 0;
    for (uint64_t i = count; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

/* blob/stray_bits: no bit of the last bitmask byte at or beyond code_len. */
static bool has_stray_bits(const struct ref_blob *blob)
{
    for (uint64_t i = blob->code_len; i % 8 != 0; i++) {
        if ((blob->bitmask[i / 8] >> i % 8 & 1) != 0) {
            return true;
        }
    }
    return false;
}

int ref_blob_parse(uint8_t *bytes, size_t size, struct ref_blob *blob)
{
    if (size < REF_header_size) {
        return ASSAY_REJECT_HEADER_SHORT;
    }
    blob->bytes = bytes;
    blob->jump_len = read_little_endian(bytes, 4);
    blob->entry_size = bytes[4];
    blob->code_len = read_little_endian(bytes + 5, 4);
    if (blob->entry_size == 0 || blob->entry_size > REF_entry_size_max) {
        return ASSAY_REJECT_ENTRY_SIZE;
    }
    /* None of these sums comes near 2^64: the largest is below 2^35. */
    uint64_t table_size = blob->jump_len * blob->entry_size;
    uint64_t bitmask_size = (blob->code_len + 7) / 8;
    uint64_t needed = REF_header_size + table_size + blob->code_len + bitmask_size;
    if (size < needed) {
        return ASSAY_REJECT_TRUNCATED;
    }
    if (size > needed) {
        return ASSAY_REJECT_TRAILING_BYTES;
    }
    blob->jump_table = bytes + REF_header_size;
    blob->code = blob->jump_table + table_size;
    blob->bitmask = blob->code + blob->code_len;
    if (has_stray_bits(blob)) {
        return ASSAY_REJECT_STRAY_BITS;
    }
    return 0;
}

/* isa/operand_past_end */
uint8_t ref_blob_code(const struct ref_blob *blob, uint64_t i)
{
    return i < blob->code_len ? blob->code[i] : 0;
}

/* blob/bitmask */
bool ref_blob_start(const struct ref_blob *blob, uint64_t i)
{
    return i < blob->code_len && (blob->bitmask[i / 8] >> (i % 8) & 1) != 0;
}

/* blob/jump_entry */
uint64_t ref_blob_jump_entry(const struct ref_blob *blob, uint64_t index)
{
    return read_little_endian(blob->jump_table + index * blob->entry_size, blob->entry_size);
}
