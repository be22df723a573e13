/*
 * The program: one parse of the blob into the form that isa.c and compile.c want.
 *
 * In: the caller's bytes. Out: code, start bits, P and P∩E as bitmaps and the jump table as numbers, all in one
 * allocation. Invariant: FAST_PADDING bytes can be read behind code (zeros: operands past the end) and start (ones:
 * positions past the end end an instruction), so that nobody downstream checks bounds.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

/* The parts of a blob, lengths still unbounded. */
struct parts {
    uint64_t jump_len, entry_size, code_len, table_size, bitmask_size;
    const uint8_t *table, *code, *bitmask;
};

static uint32_t read_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static int split(const uint8_t *blob, size_t size, struct parts *p)
{
    if (size < FAST_header_size) {
        return ASSAY_REJECT_HEADER_SHORT;
    }
    p->jump_len = read_u32(blob);
    p->entry_size = blob[4];
    p->code_len = read_u32(blob + 5);
    if (p->entry_size - 1 >= FAST_entry_size_max) {
        return ASSAY_REJECT_ENTRY_SIZE;
    }
    p->table_size = p->jump_len * p->entry_size;
    p->bitmask_size = p->code_len / 8 + (p->code_len % 8 != 0);
    uint64_t total = FAST_header_size + p->table_size + p->code_len + p->bitmask_size;
    if (total != size) {
        return total > size ? ASSAY_REJECT_TRUNCATED : ASSAY_REJECT_TRAILING_BYTES;
    }
    p->table = blob + FAST_header_size;
    p->code = p->table + p->table_size;
    p->bitmask = p->code + p->code_len;
    if (p->code_len % 8 != 0 && (p->bitmask[p->bitmask_size - 1] & (0xffu << p->code_len % 8)) != 0) {
        return ASSAY_REJECT_STRAY_BITS;
    }
    return 0;
}

static void set_bit(uint8_t *bits, uint64_t i)
{
    bits[i / 8] |= (uint8_t)(1u << i % 8);
}

/* The set bits of the start bitmap below code_len in the word at `at`. */
static uint64_t starts_at(const struct fast_program *program, uint64_t at)
{
    uint64_t word = fast_blob_bits_64(program->start, at), left = program->code_len - at;
    return left < 64 ? word & ((UINT64_C(1) << left) - 1) : word;
}

/* isa/block_starts; also counts the start bits. */
static void mark_blocks(struct fast_program *program)
{
    if (fast_isa_is_executable(program, 0)) {
        set_bit(program->in_p, 0);
    }
    for (uint64_t at = 0; at < program->code_len; at += 64) {
        uint64_t word = starts_at(program, at);
        program->start_count += (uint32_t)__builtin_popcountll(word);
        for (; word != 0; word &= word - 1) {
            uint32_t pc = (uint32_t)(at + (uint64_t)__builtin_ctzll(word));
            if (fast_isa_is_terminator(program->code[pc])) {
                uint32_t next = fast_isa_next(program, pc);
                if (next < program->code_len && fast_blob_bit(program->start, next)) {
                    set_bit(program->in_p, next);
                }
            }
        }
    }
    for (uint64_t at = 0; at < program->code_len; at += 64) {
        for (uint64_t word = fast_blob_bits_64(program->in_p, at); word != 0; word &= word - 1) {
            uint32_t pc = (uint32_t)(at + (uint64_t)__builtin_ctzll(word));
            if (fast_isa_is_opcode(program->code[pc])) {
                set_bit(program->block, pc);
            }
        }
    }
}

static void read_table(struct fast_program *program, const struct parts *p)
{
    for (uint32_t i = 0; i < program->jump_len; i++) {
        uint32_t entry = 0;
        memcpy(&entry, p->table + i * p->entry_size, p->entry_size);
        program->jump_target[i] = entry;
    }
}

int fast_blob_parse(const uint8_t *blob, size_t size, struct fast_program *program)
{
    struct parts p;
    int rejected = split(blob, size, &p);
    if (rejected != 0) {
        return rejected;
    }
    /* An address below 2^32 reaches at most 2^31 - 1 entries (isa/dynamic_jump). */
    uint64_t jump_len = p.jump_len < INT32_MAX ? p.jump_len : INT32_MAX;
    size_t code_size = p.code_len + FAST_PADDING, bits_size = p.code_len / 8 + FAST_PADDING;
    void *memory = calloc(1, jump_len * 4 + code_size + 3 * bits_size);
    if (memory == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    uint8_t *code = (uint8_t *)memory + jump_len * 4, *start = code + code_size;
    memcpy(code, p.code, p.code_len);
    memset(start, 0xff, bits_size);
    memcpy(start, p.bitmask, p.bitmask_size);
    start[p.code_len / 8] |= (uint8_t)(0xffu << p.code_len % 8);
    *program = (struct fast_program){
        .code_len = (uint32_t)p.code_len,
        .jump_len = (uint32_t)jump_len,
        .code = code,
        .start = start,
        .block = start + bits_size,
        .in_p = start + 2 * bits_size,
        .jump_target = memory,
        .memory = memory,
    };
    read_table(program, &p);
    mark_blocks(program);
    return 0;
}

void fast_blob_clear(struct fast_program *program)
{
    free(program->memory);
    program->memory = NULL;
}
