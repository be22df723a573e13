/*
 * The instructions that touch memory, by name: which way, how many bytes, what becomes of the upper bits of a narrow
 * load, which register field is the base of the address (without one it is the immediate alone), and which is stored
 * (without one it is the second immediate). The others have a row of zeros.
 *
 * One table for all who ask: load_store.c, which emits, has a copy that the compiler folds into each emitter.
 */
#ifndef FAST_ACCESS_H
#define FAST_ACCESS_H

#include "machine.h"

enum fast_direction { FAST_NO_ACCESS, FAST_LOADS, FAST_STORES };
enum fast_extension { FAST_ZERO_EXTENDS, FAST_SIGN_EXTENDS };
enum fast_field { FAST_NO_FIELD, FAST_FIELD_A, FAST_FIELD_B };

struct fast_access_row {
    uint8_t direction, width, extension, base, stored;
};

static const struct fast_access_row fast_access_of[FAST_OPCODE_VALUES] = {
    [FAST_OPCODE_store_imm_u8] = {FAST_STORES, 1, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_u16] = {FAST_STORES, 2, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_u32] = {FAST_STORES, 4, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_u64] = {FAST_STORES, 8, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_u8] = {FAST_LOADS, 1, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_i8] = {FAST_LOADS, 1, FAST_SIGN_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_u16] = {FAST_LOADS, 2, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_i16] = {FAST_LOADS, 2, FAST_SIGN_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_u32] = {FAST_LOADS, 4, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_i32] = {FAST_LOADS, 4, FAST_SIGN_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_load_u64] = {FAST_LOADS, 8, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_NO_FIELD},
    [FAST_OPCODE_store_u8] = {FAST_STORES, 1, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_FIELD_A},
    [FAST_OPCODE_store_u16] = {FAST_STORES, 2, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_FIELD_A},
    [FAST_OPCODE_store_u32] = {FAST_STORES, 4, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_FIELD_A},
    [FAST_OPCODE_store_u64] = {FAST_STORES, 8, FAST_ZERO_EXTENDS, FAST_NO_FIELD, FAST_FIELD_A},
    [FAST_OPCODE_store_imm_ind_u8] = {FAST_STORES, 1, FAST_ZERO_EXTENDS, FAST_FIELD_A, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_ind_u16] = {FAST_STORES, 2, FAST_ZERO_EXTENDS, FAST_FIELD_A, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_ind_u32] = {FAST_STORES, 4, FAST_ZERO_EXTENDS, FAST_FIELD_A, FAST_NO_FIELD},
    [FAST_OPCODE_store_imm_ind_u64] = {FAST_STORES, 8, FAST_ZERO_EXTENDS, FAST_FIELD_A, FAST_NO_FIELD},
    [FAST_OPCODE_store_ind_u8] = {FAST_STORES, 1, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_FIELD_A},
    [FAST_OPCODE_store_ind_u16] = {FAST_STORES, 2, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_FIELD_A},
    [FAST_OPCODE_store_ind_u32] = {FAST_STORES, 4, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_FIELD_A},
    [FAST_OPCODE_store_ind_u64] = {FAST_STORES, 8, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_FIELD_A},
    [FAST_OPCODE_load_ind_u8] = {FAST_LOADS, 1, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_i8] = {FAST_LOADS, 1, FAST_SIGN_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_u16] = {FAST_LOADS, 2, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_i16] = {FAST_LOADS, 2, FAST_SIGN_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_u32] = {FAST_LOADS, 4, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_i32] = {FAST_LOADS, 4, FAST_SIGN_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
    [FAST_OPCODE_load_ind_u64] = {FAST_LOADS, 8, FAST_ZERO_EXTENDS, FAST_FIELD_B, FAST_NO_FIELD},
};

#endif
