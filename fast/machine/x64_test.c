/*
 * Every encoder of x64.h over registers, widths and immediates, read back by a disassembler: length, mnemonic and every
 * operand must be what was meant.
 */
#include "x64.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <stdlib.h>

enum operand_kind { REGISTER, IMMEDIATE, MEMORY };

struct operand {
    enum operand_kind kind;
    unsigned bits; /* of a register or of a memory operand */
    unsigned reg;  /* of a register, or the base */
    int index;     /* of memory, or NONE */
    bool has_base;
    bool guest;    /* of memory: GS, and a 32-bit address */
    bool window;   /* of memory: GS, and a 64-bit address */
    int64_t value; /* of an immediate, or the displacement */
};

enum { NONE = -1, REGISTERS = 16, BUFFER = 1 << 17 };

static const int32_t immediates[] = {0, 1, -1, 127, 128, -128, -129, 0x7fffffff, -0x7fffffff - 1, 0x12345678};
static const uint64_t constants[] = {
    0,           1,          0x7fffffff,          0x80000000,          0xffffffff,
    0x100000000, UINT64_MAX, 0xffffffff80000000u, 0xffffffff7fffffffu, 0x123456789abcdef0};
static const enum x64_condition conditions[] = {X64_BELOW,       X64_ABOVE_EQUAL, X64_EQUAL, X64_NOT_EQUAL,
                                                X64_BELOW_EQUAL, X64_ABOVE,       X64_LESS,  X64_GREATER_EQUAL,
                                                X64_LESS_EQUAL,  X64_GREATER};
static const char *const condition_name[] = {"b", "nb", "z", "nz", "be", "nbe", "l", "nl", "le", "nle"};

static const enum x64_alu alu[] = {X64_ADD, X64_OR, X64_AND, X64_SUB, X64_XOR, X64_CMP};
static const char *const alu_name[] = {"add", "or", "and", "sub", "xor", "cmp"};
static const enum x64_unary unary[] = {X64_NOT, X64_NEG, X64_MUL, X64_IMUL, X64_DIV, X64_IDIV};
static const char *const unary_name[] = {"not", "neg", "mul", "imul", "div", "idiv"};
static const enum x64_width register_widths[] = {X64_32, X64_64};

enum { ALU = sizeof alu / sizeof *alu, UNARY = sizeof unary / sizeof *unary, REGISTER_WIDTHS = 2 };
enum { IMMEDIATES = sizeof immediates / sizeof *immediates, CONSTANTS = sizeof constants / sizeof *constants };
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static ZydisDecoder decoder;
static uint8_t code[BUFFER]; /* as far as the jumps that are patched go */
static size_t forms;

static unsigned bits_of(enum x64_width width)
{
    return 8u << width;
}

static struct operand reg(unsigned bits, unsigned number)
{
    return (struct operand){.kind = REGISTER, .bits = bits, .reg = number};
}

static struct operand imm(int64_t value)
{
    return (struct operand){.kind = IMMEDIATE, .value = value};
}

static struct operand mem(unsigned bits, unsigned base, int64_t disp)
{
    return (struct operand){.kind = MEMORY, .bits = bits, .reg = base, .index = NONE, .has_base = true, .value = disp};
}

static ZydisRegister name_of(unsigned bits, unsigned number)
{
    ZydisRegisterClass class = bits == 64   ? ZYDIS_REGCLASS_GPR64
                               : bits == 32 ? ZYDIS_REGCLASS_GPR32
                               : bits == 16 ? ZYDIS_REGCLASS_GPR16
                                            : ZYDIS_REGCLASS_GPR8;
    /* The class of bytes counts ah to bh between bl and spl. */
    return ZydisRegisterEncode(class, (ZyanU8)(bits == 8 && number >= 4 ? number + 4 : number));
}

static bool same_memory(const struct operand *expected, const ZydisDecodedOperand *got)
{
    unsigned address = expected->guest ? 32 : 64;
    ZydisRegister base = expected->has_base ? name_of(address, expected->reg) : ZYDIS_REGISTER_NONE;
    ZydisRegister index = expected->index == NONE ? ZYDIS_REGISTER_NONE : name_of(address, (unsigned)expected->index);
    bool segment = (expected->guest || expected->window) == (got->mem.segment == ZYDIS_REGISTER_GS);
    int64_t disp = expected->guest ? (int64_t)(int32_t)got->mem.disp.value : got->mem.disp.value;
    return got->type == ZYDIS_OPERAND_TYPE_MEMORY && got->mem.base == base && got->mem.index == index && segment &&
           disp == expected->value && (expected->bits == 0 || got->size == expected->bits);
}

static bool same(const struct operand *expected, const ZydisDecodedOperand *got)
{
    switch (expected->kind) {
    case REGISTER:
        return got->type == ZYDIS_OPERAND_TYPE_REGISTER && got->reg.value == name_of(expected->bits, expected->reg);
    case IMMEDIATE:
        return got->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && got->imm.value.s == expected->value;
    case MEMORY:
        return same_memory(expected, got);
    }
    return false;
}

static void fail(const char *what, const char *why, const char *got)
{
    printf("%s: %s: %s; bytes", what, why, got);
    for (size_t i = 0; i < ZYDIS_MAX_INSTRUCTION_LENGTH; i++) {
        printf(" %02x", code[i]);
    }
    printf("\n");
    exit(1);
}

/* The bytes [code, end) are one instruction with this mnemonic and these operands, those not hidden. */
static void check(const uint8_t *end, const char *mnemonic, size_t count, const struct operand *operand)
{
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand got[ZYDIS_MAX_OPERAND_COUNT];
    size_t size = (size_t)(end - code);
    forms++;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, size, &instruction, got))) {
        fail(mnemonic, "no instruction", "");
    }
    const char *name = ZydisMnemonicGetString(instruction.mnemonic);
    if (instruction.length != size || strcmp(name, mnemonic) != 0) {
        fail(mnemonic, instruction.length != size ? "another length" : "another mnemonic", name);
    }
    if (instruction.operand_count_visible != count) {
        fail(mnemonic, "another number of operands", name);
    }
    for (size_t i = 0; i < count; i++) {
        if (!same(&operand[i], &got[i])) {
            fail(mnemonic, "another operand", (const char *[]){"first", "second", "third"}[i]);
        }
    }
}

#define CHECK(emit, mnemonic, count, ...)                                                                              \
    do {                                                                                                               \
        uint8_t *at = code;                                                                                            \
        emit;                                                                                                          \
        check(at, mnemonic, count, (const struct operand[]){__VA_ARGS__});                                             \
    } while (0)

static void test_alu(enum x64_width width, enum x64_reg a, enum x64_reg b)
{
    unsigned bits = bits_of(width);
    for (size_t i = 0; i < ALU; i++) {
        CHECK(x64_alu(&at, width, alu[i], a, b), alu_name[i], 2, reg(bits, a), reg(bits, b));
    }
    CHECK(x64_test(&at, width, a, b), "test", 2, reg(bits, a), reg(bits, b));
    CHECK(x64_mov(&at, width, a, b), "mov", 2, reg(bits, a), reg(bits, b));
    CHECK(x64_imul(&at, width, a, b), "imul", 2, reg(bits, a), reg(bits, b));
    for (size_t i = 0; i < IMMEDIATES; i++) {
        int32_t value = immediates[i];
        CHECK(x64_imul_imm(&at, width, a, b, value), "imul", 3, reg(bits, a), reg(bits, b), imm(value));
    }
    for (unsigned count = 0; count < bits; count++) {
        CHECK(x64_rorx(&at, width, a, b, count), "rorx", 3, reg(bits, a), reg(bits, b), imm(count));
    }
}

static void test_extensions(enum x64_width width, enum x64_reg a, enum x64_reg b)
{
    unsigned bits = bits_of(width);
    CHECK(x64_movx(&at, width, X64_MOVZX8, a, b), "movzx", 2, reg(bits, a), reg(8, b));
    CHECK(x64_movx(&at, width, X64_MOVSX8, a, b), "movsx", 2, reg(bits, a), reg(8, b));
    CHECK(x64_movx(&at, width, X64_MOVZX16, a, b), "movzx", 2, reg(bits, a), reg(16, b));
    CHECK(x64_movx(&at, width, X64_MOVSX16, a, b), "movsx", 2, reg(bits, a), reg(16, b));
    CHECK(x64_count(&at, width, X64_POPCNT, a, b), "popcnt", 2, reg(bits, a), reg(bits, b));
    CHECK(x64_count(&at, width, X64_TZCNT, a, b), "tzcnt", 2, reg(bits, a), reg(bits, b));
    CHECK(x64_count(&at, width, X64_LZCNT, a, b), "lzcnt", 2, reg(bits, a), reg(bits, b));
}

static void test_wide_registers(enum x64_reg a, enum x64_reg b)
{
    CHECK(x64_movsxd(&at, a, b), "movsxd", 2, reg(64, a), reg(32, b));
    for (size_t i = 0; i < CONDITIONS; i++) {
        char name[8];
        snprintf(name, sizeof name, "cmov%s", condition_name[i]);
        CHECK(x64_cmov(&at, conditions[i], a, b), name, 2, reg(64, a), reg(64, b));
    }
}

static void test_three_registers(enum x64_reg a, enum x64_reg b, enum x64_reg c)
{
    for (size_t i = 0; i < REGISTER_WIDTHS; i++) {
        enum x64_width width = register_widths[i];
        unsigned bits = bits_of(width);
        CHECK(x64_shiftx(&at, width, X64_SHLX, a, b, c), "shlx", 3, reg(bits, a), reg(bits, b), reg(bits, c));
        CHECK(x64_shiftx(&at, width, X64_SARX, a, b, c), "sarx", 3, reg(bits, a), reg(bits, b), reg(bits, c));
        CHECK(x64_shiftx(&at, width, X64_SHRX, a, b, c), "shrx", 3, reg(bits, a), reg(bits, b), reg(bits, c));
        if (c != X64_RSP) {
            struct operand sum = mem(0, b, 0);
            sum.index = (int)c;
            CHECK(x64_lea_sum(&at, width, a, b, c), "lea", 2, reg(bits, a), sum);
        }
    }
    CHECK(x64_andn(&at, a, b, c), "andn", 3, reg(64, a), reg(64, b), reg(64, c));
    CHECK(x64_mulx(&at, a, b, c), "mulx", 3, reg(64, a), reg(64, b), reg(64, c));
}

static void test_immediates(enum x64_width width, enum x64_reg a)
{
    unsigned bits = bits_of(width);
    for (size_t i = 0; i < IMMEDIATES; i++) {
        int32_t value = immediates[i];
        for (size_t k = 0; k < ALU; k++) {
            CHECK(x64_alu_imm(&at, width, alu[k], a, value), alu_name[k], 2, reg(bits, a), imm(value));
            CHECK(x64_alu_imm32(&at, width, alu[k], a, (uint32_t)value), alu_name[k], 2, reg(bits, a), imm(value));
        }
    }
}

static void test_constants(enum x64_reg a)
{
    for (size_t i = 0; i < CONSTANTS; i++) {
        uint64_t value = constants[i];
        bool narrow = value <= UINT32_MAX;
        int64_t shown = narrow ? (int64_t)(int32_t)(uint32_t)value : (int64_t)value;
        uint8_t *at = code;
        x64_mov_imm(&at, a, value);
        ZydisDecodedInstruction instruction;
        ZydisDecodedOperand got[ZYDIS_MAX_OPERAND_COUNT];
        bool read = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, (size_t)(at - code), &instruction, got));
        forms++;
        if (!read || instruction.mnemonic != ZYDIS_MNEMONIC_MOV || instruction.length != at - code ||
            got[0].reg.value != name_of(narrow ? 32 : 64, a) ||
            (narrow ? (int64_t)(int32_t)got[1].imm.value.u : got[1].imm.value.s) != shown) {
            fail("mov", "another constant", "");
        }
    }
}

static void test_one_register(enum x64_width width, enum x64_reg a)
{
    static const enum x64_shift shift[] = {X64_ROL, X64_ROR, X64_SHL, X64_SHR, X64_SAR};
    static const char *const shift_name[] = {"rol", "ror", "shl", "shr", "sar"};
    unsigned bits = bits_of(width);
    for (size_t i = 0; i < sizeof shift / sizeof *shift; i++) {
        for (unsigned count = 0; count < bits; count++) {
            CHECK(x64_shift_imm(&at, width, shift[i], a, count), shift_name[i], 2, reg(bits, a), imm(count));
        }
        CHECK(x64_shift_cl(&at, width, shift[i], a), shift_name[i], 2, reg(bits, a), reg(8, X64_RCX));
    }
    for (size_t i = 0; i < UNARY; i++) {
        CHECK(x64_unary(&at, width, unary[i], a), unary_name[i], 1, reg(bits, a));
    }
}

static void test_alone(enum x64_reg a)
{
    CHECK(x64_bswap(&at, a), "bswap", 1, reg(64, a));
    CHECK(x64_push(&at, a), "push", 1, reg(64, a));
    CHECK(x64_pop(&at, a), "pop", 1, reg(64, a));
    CHECK(x64_call_reg(&at, a), "call", 1, reg(64, a));
    for (size_t i = 0; i < CONDITIONS; i++) {
        char name[8];
        snprintf(name, sizeof name, "set%s", condition_name[i]);
        CHECK(x64_setcc(&at, conditions[i], a), name, 1, reg(8, a));
    }
}

static void test_host_memory(enum x64_reg a, enum x64_reg base)
{
    for (size_t i = 0; i < IMMEDIATES; i++) {
        int32_t disp = immediates[i];
        for (size_t k = 0; k < REGISTER_WIDTHS; k++) {
            enum x64_width width = register_widths[k];
            unsigned bits = bits_of(width);
            CHECK(x64_load(&at, width, a, base, disp), "mov", 2, reg(bits, a), mem(bits, base, disp));
            CHECK(x64_store(&at, width, base, disp, a), "mov", 2, mem(bits, base, disp), reg(bits, a));
            CHECK(x64_lea(&at, width, a, base, disp), "lea", 2, reg(bits, a), mem(0, base, disp));
            for (size_t op = 0; op < ALU; op++) {
                CHECK(x64_alu_mem(&at, width, alu[op], a, base, disp), alu_name[op], 2, reg(bits, a),
                      mem(bits, base, disp));
            }
        }
        CHECK(x64_store_imm(&at, base, disp, 0x12345678), "mov", 2, mem(32, base, disp), imm(0x12345678));
        CHECK(x64_jmp_mem(&at, base, disp), "jmp", 1, mem(64, base, disp));
    }
}

static void test_unary_memory(enum x64_reg base)
{
    for (size_t i = 0; i < (size_t)IMMEDIATES * UNARY * REGISTER_WIDTHS; i++) {
        int32_t disp = immediates[i % IMMEDIATES];
        size_t op = i / IMMEDIATES % UNARY;
        enum x64_width width = register_widths[i / IMMEDIATES / UNARY];
        CHECK(x64_unary_mem(&at, width, unary[op], base, disp), unary_name[op], 1, mem(bits_of(width), base, disp));
    }
}

static void test_guest_load(enum x64_reg a, int base, uint32_t disp, struct operand place)
{
    static const struct {
        enum x64_width width;
        enum x64_extension extension;
        const char *name;
        unsigned to;
    } form[] = {
        {X64_8, X64_ZERO_EXTEND, "movzx", 32},  {X64_8, X64_SIGN_EXTEND, "movsx", 64},
        {X64_16, X64_ZERO_EXTEND, "movzx", 32}, {X64_16, X64_SIGN_EXTEND, "movsx", 64},
        {X64_32, X64_ZERO_EXTEND, "mov", 32},   {X64_32, X64_SIGN_EXTEND, "movsxd", 64},
        {X64_64, X64_ZERO_EXTEND, "mov", 64},   {X64_64, X64_SIGN_EXTEND, "mov", 64},
    };
    for (size_t i = 0; i < sizeof form / sizeof *form; i++) {
        place.bits = bits_of(form[i].width);
        CHECK(x64_guest_load(&at, form[i].width, form[i].extension, a, base, disp), form[i].name, 2, reg(form[i].to, a),
              place);
    }
}

static void test_guest_store(enum x64_reg a, int base, uint32_t disp, struct operand place)
{
    for (enum x64_width width = X64_8; width <= X64_64; width++) {
        place.bits = bits_of(width);
        CHECK(x64_guest_store(&at, width, base, disp, a), "mov", 2, place, reg(place.bits, a));
    }
}

static void test_guest_store_imm(int base, uint32_t disp, struct operand place)
{
    static const int64_t shown[] = {
        [X64_8] = -0x78, [X64_16] = -0x5678, [X64_32] = -0x12345678, [X64_64] = -0x12345678};
    for (enum x64_width width = X64_8; width <= X64_64; width++) {
        place.bits = bits_of(width);
        CHECK(x64_guest_store_imm(&at, width, base, disp, (uint32_t)-0x12345678), "mov", 2, place, imm(shown[width]));
    }
}

static void test_guest_memory(int base)
{
    for (size_t i = 0; i < IMMEDIATES; i++) {
        struct operand place = mem(0, base < 0 ? 0 : (unsigned)base, immediates[i]);
        place.has_base = base >= 0;
        place.guest = true;
        uint32_t disp = (uint32_t)immediates[i];
        for (unsigned a = 0; a < REGISTERS; a++) {
            test_guest_load((enum x64_reg)a, base, disp, place);
            test_guest_store((enum x64_reg)a, base, disp, place);
        }
        test_guest_store_imm(base, disp, place);
    }
}

static void test_window(void)
{
    for (size_t i = 0; i < IMMEDIATES; i++) {
        for (unsigned base = 0; base < 8; base++) {
            struct operand place = mem(8, base, immediates[i]);
            place.window = true;
            place.has_base = base != X64_RSP;
            int given = base == X64_RSP ? X64_NO_BASE : (int)base;
            CHECK(x64_window_cmp(&at, given, immediates[i], 2), "cmp", 2, place, imm(2));
            place.bits = 32;
            CHECK(x64_window_load(&at, X64_RCX, given, immediates[i]), "mov", 2, reg(32, X64_RCX), place);
        }
    }
}

static void test_jumps(void)
{
    CHECK((void)x64_jmp(&at), "jmp", 1, imm(0));
    CHECK((void)x64_call(&at), "call", 1, imm(0));
    CHECK((void)x64_jmp_short(&at), "jmp", 1, imm(0));
    CHECK(x64_ret(&at), "ret", 0, imm(0));
    CHECK(x64_sign_extend_rax(&at, X64_64), "cqo", 0, imm(0));
    CHECK(x64_sign_extend_rax(&at, X64_32), "cdq", 0, imm(0));
    for (size_t i = 0; i < CONDITIONS; i++) {
        char name[8];
        snprintf(name, sizeof name, "j%s", condition_name[i]);
        CHECK((void)x64_jcc(&at, conditions[i]), name, 1, imm(0));
        CHECK((void)x64_jcc_short(&at, conditions[i]), name, 1, imm(0));
        CHECK(x64_patch(x64_jcc(&at, conditions[i]), code + 0x12345), name, 1, imm(0x12345 - 6));
        CHECK(x64_patch_short(x64_jcc_short(&at, conditions[i]), code + 0x45), name, 1, imm(0x45 - 2));
    }
}

static void test_opposites(void)
{
    static const enum x64_condition pairs[][2] = {{X64_BELOW, X64_ABOVE_EQUAL},
                                                  {X64_EQUAL, X64_NOT_EQUAL},
                                                  {X64_BELOW_EQUAL, X64_ABOVE},
                                                  {X64_LESS, X64_GREATER_EQUAL},
                                                  {X64_LESS_EQUAL, X64_GREATER}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (x64_opposite(pairs[i][0]) != pairs[i][1] || x64_opposite(pairs[i][1]) != pairs[i][0]) {
            fail("opposite", "another condition", condition_name[2 * i]);
        }
    }
}

static void test_pair(enum x64_reg a, enum x64_reg b)
{
    for (size_t i = 0; i < REGISTER_WIDTHS; i++) {
        test_alu(register_widths[i], a, b);
        test_extensions(register_widths[i], a, b);
    }
    test_wide_registers(a, b);
    test_host_memory(a, b);
    for (unsigned c = 0; c < REGISTERS; c++) {
        test_three_registers(a, b, (enum x64_reg)c);
    }
}

int main(void)
{
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    test_guest_memory(X64_NO_BASE);
    test_window();
    for (unsigned a = 0; a < REGISTERS; a++) {
        test_alone((enum x64_reg)a);
        test_constants((enum x64_reg)a);
        test_unary_memory((enum x64_reg)a);
        test_guest_memory((int)a);
        for (size_t i = 0; i < REGISTER_WIDTHS; i++) {
            test_immediates(register_widths[i], (enum x64_reg)a);
            test_one_register(register_widths[i], (enum x64_reg)a);
        }
        for (unsigned b = 0; b < REGISTERS; b++) {
            test_pair((enum x64_reg)a, (enum x64_reg)b);
        }
    }
    test_jumps();
    test_opposites();
    printf("%zu forms read back\n", forms);
    return forms > 100000 ? 0 : 1;
}
