/*
 * The host instruction encoder: pure functions from operands to bytes, each appending one x86-64 instruction.
 *
 * In: operands, all of them legal (the callers are few and x64_test.c tries every form with every register).
 * Out: bytes at *at, which is advanced; the caller has made room.
 * Registers are written as 64 bits or as 32, which clears their upper half; only guest memory has narrower accesses.
 */
#ifndef FAST_X64_H
#define FAST_X64_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum x64_reg {
    X64_RAX,
    X64_RCX,
    X64_RDX,
    X64_RBX,
    X64_RSP,
    X64_RBP,
    X64_RSI,
    X64_RDI,
    X64_R8,
    X64_R9,
    X64_R10,
    X64_R11,
    X64_R12,
    X64_R13,
    X64_R14,
    X64_R15,
};

/* Of an operand; the number is the logarithm of its bytes. */
enum x64_width { X64_8, X64_16, X64_32, X64_64 };

/* What becomes of the upper bits when less than 64 are loaded. */
enum x64_extension { X64_ZERO_EXTEND, X64_SIGN_EXTEND };

/* Conditions, as the low nibble of jcc, setcc and cmovcc. */
enum x64_condition {
    X64_BELOW = 2,
    X64_ABOVE_EQUAL = 3,
    X64_EQUAL = 4,
    X64_NOT_EQUAL = 5,
    X64_BELOW_EQUAL = 6,
    X64_ABOVE = 7,
    X64_LESS = 12,
    X64_GREATER_EQUAL = 13,
    X64_LESS_EQUAL = 14,
    X64_GREATER = 15,
};

/* Holds when the other does not. */
static inline enum x64_condition x64_opposite(enum x64_condition condition)
{
    return (enum x64_condition)(condition ^ 1u);
}

/* Two-operand arithmetic: the opcode of `op r/m, r`; shifted right by 3 it is the /digit of the immediate form. */
enum x64_alu { X64_ADD = 0x01, X64_OR = 0x09, X64_AND = 0x21, X64_SUB = 0x29, X64_XOR = 0x31, X64_CMP = 0x39 };

/* Shifts: the /digit. */
enum x64_shift { X64_ROL = 0, X64_ROR = 1, X64_SHL = 4, X64_SHR = 5, X64_SAR = 7 };

/* One-operand group 3: the /digit. */
enum x64_unary { X64_NOT = 2, X64_NEG = 3, X64_MUL = 4, X64_IMUL = 5, X64_DIV = 6, X64_IDIV = 7 };

/* Three-operand shifts of BMI2: the mandatory prefix as VEX.pp. */
enum x64_shiftx { X64_SHLX = 1, X64_SARX = 2, X64_SHRX = 3 };

/* Moves that extend, by the byte behind 0F. */
enum x64_movx { X64_MOVZX8 = 0xb6, X64_MOVZX16 = 0xb7, X64_MOVSX8 = 0xbe, X64_MOVSX16 = 0xbf };

/* Bit counts, by the byte behind F3 0F. */
enum x64_count { X64_POPCNT = 0xb8, X64_TZCNT = 0xbc, X64_LZCNT = 0xbd };

/* Writes the low `count` bytes; touches up to eight, so the code needs that much room behind it. */
static inline void x64_put(uint8_t **at, uint64_t bytes, unsigned count)
{
    uint8_t *here = *at;
    memcpy(here, &bytes, 8);
    *at = here + count;
}

static inline void x64_u8(uint8_t **at, unsigned value)
{
    x64_put(at, value, 1);
}

static inline void x64_u32(uint8_t **at, uint32_t value)
{
    x64_put(at, value, 4);
}

static inline void x64_u64(uint8_t **at, uint64_t value)
{
    x64_put(at, value, 8);
}

/* REX with W, and the upper bits of the ModRM reg and rm fields; 0x40 says nothing. */
static inline unsigned x64_rex_of(enum x64_width width, unsigned reg, unsigned rm)
{
    return 0x40u | (width == X64_64 ? 8u : 0u) | (reg >> 3) << 2 | rm >> 3;
}

/* `count` bytes, at most seven, behind a REX, which is left out when it says nothing unless `force`. */
static inline void x64_put_rex(uint8_t **at, unsigned rex, bool force, uint64_t bytes, unsigned count)
{
    bool has = force || rex != 0x40u;
    x64_put(at, has ? bytes << 8 | rex : bytes, count + has);
}

static inline void x64_put_op(uint8_t **at, unsigned rex, uint64_t bytes, unsigned count)
{
    x64_put_rex(at, rex, false, bytes, count);
}

static inline unsigned x64_modrm_reg(unsigned reg, unsigned rm)
{
    return 0xc0u | (reg & 7u) << 3 | (rm & 7u);
}

/* op reg, reg with a one-byte opcode. */
static inline void x64_rr(uint8_t **at, enum x64_width width, unsigned opcode, unsigned reg, unsigned rm)
{
    x64_put_op(at, x64_rex_of(width, reg, rm), opcode | x64_modrm_reg(reg, rm) << 8, 2);
}

/* to = to op from; cmp only compares. */
static inline void x64_alu(uint8_t **at, enum x64_width width, enum x64_alu op, enum x64_reg to, enum x64_reg from)
{
    x64_rr(at, width, op, from, to);
}

static inline bool x64_fits_8(int32_t value)
{
    return value >= -128 && value <= 127;
}

/* to = to op sign-extended immediate. */
static inline void x64_alu_imm(uint8_t **at, enum x64_width width, enum x64_alu op, enum x64_reg to, int32_t value)
{
    uint64_t bytes = (x64_fits_8(value) ? 0x83u : 0x81u) | x64_modrm_reg(op >> 3, to) << 8;
    x64_put_op(at, x64_rex_of(width, 0, to), bytes | (uint64_t)(uint32_t)value << 16, x64_fits_8(value) ? 3 : 6);
}

/* The same with a 32-bit immediate whatever its value, to be patched later: the last four bytes. */
static inline void x64_alu_imm32(uint8_t **at, enum x64_width width, enum x64_alu op, enum x64_reg to, uint32_t value)
{
    uint64_t bytes = 0x81u | x64_modrm_reg(op >> 3, to) << 8 | (uint64_t)value << 16;
    x64_put_op(at, x64_rex_of(width, 0, to), bytes, 6);
}

static inline void x64_test(uint8_t **at, enum x64_width width, enum x64_reg a, enum x64_reg b)
{
    x64_rr(at, width, 0x85, b, a);
}

static inline void x64_mov(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg from)
{
    x64_rr(at, width, 0x89, from, to);
}

/* to = value, in the shortest form; xor is not used, so flags stay. */
static inline void x64_mov_imm(uint8_t **at, enum x64_reg to, uint64_t value)
{
    unsigned rex = x64_rex_of(value > UINT32_MAX ? X64_64 : X64_32, 0, to), opcode = 0xb8u | (to & 7u);
    if (value <= UINT32_MAX) {
        x64_put_op(at, rex, opcode | value << 8, 5);
    } else if (value >= UINT64_MAX - INT32_MAX) {
        x64_put_op(at, rex, 0xc7u | x64_modrm_reg(0, to) << 8 | (uint64_t)(uint32_t)value << 16, 6);
    } else {
        x64_put_op(at, rex, opcode, 1);
        x64_u64(at, value);
    }
}

/* to = sign-extended low half of from. */
static inline void x64_movsxd(uint8_t **at, enum x64_reg to, enum x64_reg from)
{
    x64_rr(at, X64_64, 0x63, to, from);
}

/* to = the low byte or half word of from, extended; byte sources need a REX for sil and its like. */
static inline void x64_movx(uint8_t **at, enum x64_width width, enum x64_movx op, enum x64_reg to, enum x64_reg from)
{
    bool byte = op == X64_MOVZX8 || op == X64_MOVSX8;
    x64_put_rex(at, x64_rex_of(width, to, from), byte, 0x0fu | op << 8 | x64_modrm_reg(to, from) << 16, 3);
}

/* to = to * from */
static inline void x64_imul(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg from)
{
    x64_put_op(at, x64_rex_of(width, to, from), 0xaf0fu | x64_modrm_reg(to, from) << 16, 3);
}

static inline void x64_count(uint8_t **at, enum x64_width width, enum x64_count op, enum x64_reg to, enum x64_reg from)
{
    x64_u8(at, 0xf3);
    x64_put_op(at, x64_rex_of(width, to, from), 0x0fu | op << 8 | x64_modrm_reg(to, from) << 16, 3);
}

/* to = from * immediate. */
static inline void x64_imul_imm(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg from, int32_t value)
{
    uint64_t bytes = 0x69u | x64_modrm_reg(to, from) << 8 | (uint64_t)(uint32_t)value << 16;
    x64_put_op(at, x64_rex_of(width, to, from), bytes, 6);
}

static inline void x64_shift_imm(uint8_t **at, enum x64_width width, enum x64_shift op, enum x64_reg to, unsigned count)
{
    x64_put_op(at, x64_rex_of(width, 0, to), 0xc1u | x64_modrm_reg(op, to) << 8 | count << 16, 3);
}

static inline void x64_shift_cl(uint8_t **at, enum x64_width width, enum x64_shift op, enum x64_reg to)
{
    x64_rr(at, width, 0xd3, op, to);
}

static inline void x64_unary(uint8_t **at, enum x64_width width, enum x64_unary op, enum x64_reg to)
{
    x64_rr(at, width, 0xf7, op, to);
}

static inline void x64_bswap(uint8_t **at, enum x64_reg to)
{
    x64_put_op(at, x64_rex_of(X64_64, 0, to), 0x0fu | (0xc8u | (to & 7u)) << 8, 2);
}

/* rdx:rax = sign-extended rax (eax). */
static inline void x64_sign_extend_rax(uint8_t **at, enum x64_width width)
{
    x64_put_op(at, x64_rex_of(width, 0, 0), 0x99, 1);
}

/* The low byte of `to` becomes 0 or 1. */
static inline void x64_setcc(uint8_t **at, enum x64_condition condition, enum x64_reg to)
{
    x64_put_rex(at, x64_rex_of(X64_32, 0, to), true, 0x0fu | (0x90u | condition) << 8 | x64_modrm_reg(0, to) << 16, 3);
}

static inline void x64_cmov(uint8_t **at, enum x64_condition condition, enum x64_reg to, enum x64_reg from)
{
    uint64_t bytes = 0x0fu | (0x40u | condition) << 8 | x64_modrm_reg(to, from) << 16;
    x64_put_op(at, x64_rex_of(X64_64, to, from), bytes, 3);
}

/*
 * VEX with three bytes, the opcode, ModRM, and a byte that only instructions with an immediate have; `map` 2 is 0F38,
 * 3 is 0F3A; vvvv is a register operand or 0.
 */
struct x64_vex {
    unsigned map, pp;
    enum x64_width width;
    unsigned opcode;
};

static inline uint64_t x64_vex_bytes(struct x64_vex form, unsigned reg, unsigned vvvv, unsigned rm)
{
    unsigned second = (~reg >> 3 & 1u) << 7 | 1u << 6 | (~rm >> 3 & 1u) << 5 | form.map;
    unsigned third = (form.width == X64_64 ? 0x80u : 0u) | (~vvvv & 15u) << 3 | form.pp;
    return 0xc4u | second << 8 | third << 16 | (uint64_t)form.opcode << 24 | (uint64_t)x64_modrm_reg(reg, rm) << 32;
}

/* to = from shifted by count, without touching the flags. */
static inline void x64_shiftx(uint8_t **at, enum x64_width width, enum x64_shiftx op, enum x64_reg to,
                              enum x64_reg from, enum x64_reg count)
{
    x64_put(at, x64_vex_bytes((struct x64_vex){2, op, width, 0xf7}, to, count, from), 5);
}

/* to = from rotated right. */
static inline void x64_rorx(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg from, unsigned count)
{
    uint64_t bytes = x64_vex_bytes((struct x64_vex){3, 3, width, 0xf0}, to, 0, from);
    x64_put(at, bytes | (uint64_t)count << 40, 6);
}

/* to = ~a & b. */
static inline void x64_andn(uint8_t **at, enum x64_reg to, enum x64_reg a, enum x64_reg b)
{
    x64_put(at, x64_vex_bytes((struct x64_vex){2, 0, X64_64, 0xf2}, to, a, b), 5);
}

/* high:low = rdx * from; when both are one register it receives the high half. */
static inline void x64_mulx(uint8_t **at, enum x64_reg high, enum x64_reg low, enum x64_reg from)
{
    x64_put(at, x64_vex_bytes((struct x64_vex){2, 3, X64_64, 0xf6}, high, low, from), 5);
}

/* ModRM, SIB and displacement of [base + disp]: at most six bytes. */
static inline uint64_t x64_modrm_mem(unsigned reg, unsigned base, int32_t disp, unsigned *count)
{
    unsigned mod = disp == 0 && (base & 7u) != X64_RBP ? 0u : x64_fits_8(disp) ? 1u : 2u;
    bool sib = (base & 7u) == X64_RSP;
    uint64_t modrm = mod << 6 | (reg & 7u) << 3 | (base & 7u);
    uint64_t distance = mod == 1 ? (uint8_t)disp : mod == 2 ? (uint32_t)disp : 0;
    *count = 1 + sib + (mod == 2 ? 4 : mod);
    return sib ? modrm | 0x24u << 8 | distance << 16 : modrm | distance << 8;
}

/* Any one-byte opcode with a memory operand, `reg` being a register or a /digit. */
static inline void x64_op_mem(uint8_t **at, enum x64_width width, unsigned opcode, unsigned reg, enum x64_reg base,
                              int32_t disp)
{
    unsigned count;
    uint64_t place = x64_modrm_mem(reg, base, disp, &count);
    x64_put_op(at, x64_rex_of(width, reg, base), opcode | place << 8, 1 + count);
}

/* Plain host memory: to = [base + disp]. */
static inline void x64_load(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg base, int32_t disp)
{
    x64_op_mem(at, width, 0x8b, to, base, disp);
}

/* [base + disp] = from. */
static inline void x64_store(uint8_t **at, enum x64_width width, enum x64_reg base, int32_t disp, enum x64_reg from)
{
    x64_op_mem(at, width, 0x89, from, base, disp);
}

/* dword [base + disp] = value. */
static inline void x64_store_imm(uint8_t **at, enum x64_reg base, int32_t disp, uint32_t value)
{
    x64_op_mem(at, X64_32, 0xc7, 0, base, disp);
    x64_u32(at, value);
}

/* to = base + disp, or its low half. */
static inline void x64_lea(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg base, int32_t disp)
{
    x64_op_mem(at, width, 0x8d, to, base, disp);
}

/* to = base + index; index is not rsp. */
static inline void x64_lea_sum(uint8_t **at, enum x64_width width, enum x64_reg to, enum x64_reg base,
                               enum x64_reg index)
{
    unsigned mod = (base & 7u) == X64_RBP ? 1u : 0u;
    unsigned rex = x64_rex_of(width, to, base) | ((unsigned)index >> 3) << 1;
    unsigned modrm = mod << 6 | (to & 7u) << 3 | 4u, sib = (index & 7u) << 3 | (base & 7u);
    x64_put_op(at, rex, 0x8du | modrm << 8 | sib << 16, 3 + mod);
}

/* to = to op [base + disp] */
static inline void x64_alu_mem(uint8_t **at, enum x64_width width, enum x64_alu op, enum x64_reg to, enum x64_reg base,
                               int32_t disp)
{
    x64_op_mem(at, width, op | 2u, to, base, disp);
}

static inline void x64_unary_mem(uint8_t **at, enum x64_width width, enum x64_unary op, enum x64_reg base, int32_t disp)
{
    x64_op_mem(at, width, 0xf7, op, base, disp);
}

/*
 * Guest memory: [GS + (base + disp) mod 2^32]. The address-size prefix makes the sum wrap at 2^32 before the segment
 * base is added, which is the guest's own rule (mem/address). `opcode` is one byte or 0F and one; a register of 8 bits
 * needs a REX for sil and its like.
 */
enum { X64_NO_BASE = -1 };

static inline void x64_guest(uint8_t **at, enum x64_width width, unsigned opcode, unsigned reg, int base, uint32_t disp)
{
    bool escaped = opcode > 0xff, half = width == X64_16;
    unsigned rex = x64_rex_of(width, reg, base < 0 ? 0 : (unsigned)base), count, prefix = half ? 0x666765 : 0x6765;
    x64_put(at, prefix, half ? 3 : 2);
    x64_put_rex(at, rex, width == X64_8, escaped ? 0x0fu | (opcode & 0xffu) << 8 : opcode, escaped ? 2 : 1);
    if (base < 0) {
        x64_put(at, (reg & 7u) << 3 | 4u | 0x25u << 8 | (uint64_t)disp << 16, 6);
        return;
    }
    int32_t signed_disp;
    memcpy(&signed_disp, &disp, 4);
    uint64_t place = x64_modrm_mem(reg, (unsigned)base, signed_disp, &count);
    x64_put(at, place, count);
}

/* to = what lies there, extended. */
static inline void x64_guest_load(uint8_t **at, enum x64_width width, enum x64_extension extension, enum x64_reg to,
                                  int base, uint32_t disp)
{
    static const uint16_t zero_extend[] = {[X64_8] = 0x0fb6, [X64_16] = 0x0fb7, [X64_32] = 0x8b, [X64_64] = 0x8b};
    static const uint16_t sign_extend[] = {[X64_8] = 0x0fbe, [X64_16] = 0x0fbf, [X64_32] = 0x63, [X64_64] = 0x8b};
    bool is_signed = extension == X64_SIGN_EXTEND;
    x64_guest(at, is_signed || width == X64_64 ? X64_64 : X64_32, is_signed ? sign_extend[width] : zero_extend[width],
              to, base, disp);
}

/* At GS plus a displacement and all 64 bits of a base, which is none of r8 to r15 and not rsp, or X64_NO_BASE. */
static inline void x64_window(uint8_t **at, unsigned opcode, unsigned reg, int base, int32_t disp)
{
    unsigned modrm = (reg & 7u) << 3 | (base == X64_NO_BASE ? 4u : 0x80u | (unsigned)base);
    x64_put(at, 0x65u | opcode << 8 | modrm << 16, 3);
    if (base == X64_NO_BASE) {
        x64_u8(at, 0x25);
    }
    x64_u32(at, (uint32_t)disp);
}

/* The byte there is compared with an immediate. */
static inline void x64_window_cmp(uint8_t **at, int base, int32_t disp, unsigned value)
{
    x64_window(at, 0x80, X64_CMP >> 3, base, disp);
    x64_u8(at, value);
}

/* to, a register before r8 = the 32 bits there. */
static inline void x64_window_load(uint8_t **at, enum x64_reg to, int base, int32_t disp)
{
    x64_window(at, 0x8b, to, base, disp);
}

/* What lies there becomes the low part of from. */
static inline void x64_guest_store(uint8_t **at, enum x64_width width, int base, uint32_t disp, enum x64_reg from)
{
    x64_guest(at, width, width == X64_8 ? 0x88 : 0x89, from, base, disp);
}

/* The same of an immediate; one of 32 bits is sign-extended to 64. */
static inline void x64_guest_store_imm(uint8_t **at, enum x64_width width, int base, uint32_t disp, uint32_t value)
{
    if (width == X64_8) {
        x64_guest(at, X64_32, 0xc6, 0, base, disp); /* without a register, nothing needs a REX */
    } else {
        x64_guest(at, width, 0xc7, 0, base, disp);
    }
    x64_put(at, value, width == X64_64 ? 4 : 1u << width);
}

static inline void x64_push(uint8_t **at, enum x64_reg reg)
{
    x64_put_op(at, x64_rex_of(X64_32, 0, reg), 0x50u | (reg & 7u), 1);
}

static inline void x64_pop(uint8_t **at, enum x64_reg reg)
{
    x64_put_op(at, x64_rex_of(X64_32, 0, reg), 0x58u | (reg & 7u), 1);
}

static inline void x64_ret(uint8_t **at)
{
    x64_u8(at, 0xc3);
}

/* Jumps and calls with a 32-bit distance, to be patched: they return where the distance is. */
static inline uint8_t *x64_jmp(uint8_t **at)
{
    x64_put(at, 0xe9, 5);
    return *at - 4;
}

static inline uint8_t *x64_jcc(uint8_t **at, enum x64_condition condition)
{
    x64_put(at, 0x0fu | (0x80u | condition) << 8, 6);
    return *at - 4;
}

static inline uint8_t *x64_call(uint8_t **at)
{
    x64_put(at, 0xe8, 5);
    return *at - 4;
}

/* Short jumps within one instruction's code: they return where the distance is. */
static inline uint8_t *x64_jcc_short(uint8_t **at, enum x64_condition condition)
{
    x64_put(at, 0x70u | condition, 2);
    return *at - 1;
}

static inline uint8_t *x64_jmp_short(uint8_t **at)
{
    x64_put(at, 0xeb, 2);
    return *at - 1;
}

static inline void x64_call_reg(uint8_t **at, enum x64_reg to)
{
    x64_put_op(at, x64_rex_of(X64_32, 0, to), 0xffu | x64_modrm_reg(2, to) << 8, 2);
}

/* jmp [base + disp] */
static inline void x64_jmp_mem(uint8_t **at, enum x64_reg base, int32_t disp)
{
    x64_op_mem(at, X64_32, 0xff, 4, base, disp);
}

/* Makes the jump whose 32-bit distance is at `patch` go to `target`. */
static inline void x64_patch(uint8_t *patch, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - (patch + 4));
    memcpy(patch, &distance, 4);
}

static inline void x64_patch_short(uint8_t *patch, const uint8_t *target)
{
    *patch = (uint8_t)(target - (patch + 1));
}

#endif
