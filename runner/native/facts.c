/*
 * Names and numbers of the specification, read from its .def files, and where the code of a
 * blob lies.
 */
#include "native.h"

#include <string.h>

const struct instruction instruction_table[INSTRUCTION_COUNT] = {
#define INSN(name, byte, form, flow) {#name, byte, FORM_##form, FLOW_##flow},
#define FLOW_ENDS true
#define FLOW_NEXT false
#include "machine/isa.def"
#undef FLOW_NEXT
#undef FLOW_ENDS
#undef INSN
};

static const struct access access_table[256] = {
#define LOAD false
#define STORE true
#define UNSIGNED false
#define SIGNED true
#define ACCESS(name, direction, width, sign, base, source)                                                             \
    [OP_##name] = {direction, sign, width, OPERAND_##base, OPERAND_##source},
#include "machine/access.def"
#undef ACCESS
#undef SIGNED
#undef UNSIGNED
#undef STORE
#undef LOAD
};

static const struct {
    const char *name;
    uint32_t number;
} exit_table[] = {
#define EXIT(name, number, argument) {#name, number},
#include "machine/exit.def"
#undef EXIT
};

static const struct {
    const char *name;
    int number;
} reject_table[] = {
#define REJECT(name, number) {"blob/" #name, number},
#include "machine/reject.def"
#undef REJECT
};

const struct instruction *instruction_of(uint8_t byte)
{
    for (size_t i = 0; i < INSTRUCTION_COUNT; i++) {
        if (instruction_table[i].byte == byte) {
            return &instruction_table[i];
        }
    }
    return NULL;
}

const struct access *access_of(uint8_t byte)
{
    const struct access *access = &access_table[byte];
    return access->width != 0 ? access : NULL;
}

const char *exit_name(uint32_t number)
{
    for (size_t i = 0; i < sizeof exit_table / sizeof *exit_table; i++) {
        if (exit_table[i].number == number) {
            return exit_table[i].name;
        }
    }
    return NULL;
}

bool exit_number(const char *name, uint32_t *number)
{
    for (size_t i = 0; i < sizeof exit_table / sizeof *exit_table; i++) {
        if (strcmp(exit_table[i].name, name) == 0) {
            *number = exit_table[i].number;
            return true;
        }
    }
    return false;
}

const char *reject_name(int number)
{
    for (size_t i = 0; i < sizeof reject_table / sizeof *reject_table; i++) {
        if (reject_table[i].number == number) {
            return reject_table[i].name;
        }
    }
    return NULL;
}

bool reject_number(const char *name, int *number)
{
    for (size_t i = 0; i < sizeof reject_table / sizeof *reject_table; i++) {
        if (strcmp(reject_table[i].name, name) == 0) {
            *number = reject_table[i].number;
            return true;
        }
    }
    return false;
}

static uint64_t little_endian_32(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

bool code_view(const uint8_t *blob, size_t blob_size, struct code_view *view)
{
    *view = (struct code_view){0};
    if (blob_size < 9) {
        return false;
    }
    uint64_t table_size = little_endian_32(blob) * blob[4];
    uint64_t code_size = little_endian_32(blob + 5);
    if (9 + table_size + code_size + (code_size + 7) / 8 != blob_size) {
        return false;
    }
    view->code = blob + 9 + table_size;
    view->bitmask = view->code + code_size;
    view->code_size = code_size;
    return true;
}

bool code_is_executable(const struct code_view *view, uint64_t pc)
{
    return pc < view->code_size && (view->bitmask[pc / 8] >> (pc % 8) & 1) != 0 &&
           instruction_of(view->code[pc]) != NULL;
}

static const struct {
    const char *name;
    int number;
} rejection_table[] = {
#define DECODE(name, number) {"image/decode/" #name, number},
#define ADMIT(name, number) {"image/admit/" #name, number},
#include "kernel/kernel.def"
};

const char *rejection_name(int number)
{
    for (size_t i = 0; i < sizeof rejection_table / sizeof *rejection_table; i++) {
        if (rejection_table[i].number == number) {
            return rejection_table[i].name;
        }
    }
    return NULL;
}

bool rejection_number(const char *name, int *number)
{
    for (size_t i = 0; i < sizeof rejection_table / sizeof *rejection_table; i++) {
        if (strcmp(rejection_table[i].name, name) == 0) {
            *number = rejection_table[i].number;
            return true;
        }
    }
    return false;
}

/* ---- words for the numbers of assay.h ------------------------------------------------------ */

const char *profile_name(uint32_t number)
{
    return number == ASSAY_PROFILE_JAR ? "jar" : NULL;
}

bool profile_number(const char *name, uint32_t *number)
{
    *number = ASSAY_PROFILE_JAR;
    return strcmp(name, profile_name(ASSAY_PROFILE_JAR)) == 0;
}

const char *type_name(uint32_t type)
{
    static const char *const name[] = {
        [ASSAY_TYPE_IMAGE] = "image", [ASSAY_TYPE_STATE] = "state", [ASSAY_TYPE_CAP] = "cap",
        [ASSAY_TYPE_CNODE] = "cnode", [ASSAY_TYPE_WORLD] = "world",
    };
    return type < sizeof name / sizeof *name ? name[type] : NULL;
}

const char *hash_name(uint32_t hash)
{
    static const char *const name[] = {
        [ASSAY_HASH_BYTES] = "bytes", [ASSAY_HASH_BMT] = "bmt",     [ASSAY_HASH_CAP] = "cap",
        [ASSAY_HASH_CNODE] = "cnode", [ASSAY_HASH_IMAGE] = "image", [ASSAY_HASH_CHAIN] = "chain",
        [ASSAY_HASH_STATE] = "state",
    };
    return hash < sizeof name / sizeof *name ? name[hash] : NULL;
}

const char *outcome_name(uint32_t outcome)
{
    static const char *const name[] = {
        [ASSAY_OUTCOME_HALT] = "halt",
        [ASSAY_OUTCOME_FAULTED] = "faulted",
        [ASSAY_OUTCOME_PAUSED] = "paused",
    };
    return outcome < sizeof name / sizeof *name ? name[outcome] : NULL;
}
