/* The crosses; see feedback.h. */
#include "feedback.h"

#include "bytes.h"

enum { OPCODES = 256, CLASS_MAX = 15, KERNEL_REGISTERS = 6 };

/* Each cross has numbers of its own before they are mixed. */
enum cross { CROSS_PAIR = 1, CROSS_EXIT, CROSS_COST, CROSS_OPERATION, CROSS_OPERAND };

static void hit(enum cross cross, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t mixed = (uint32_t)cross * UINT32_C(0x9e3779b1) ^ a * UINT32_C(0x85ebca6b) ^ b * UINT32_C(0xc2b2ae35) ^
                     c * UINT32_C(0x27d4eb2f);
    feedback_hit(mixed ^ mixed >> 15);
}

/* 0, 1, 2, 3, 4..7 and so on: about as many classes as bits. */
static uint32_t class_of(uint64_t value)
{
    return value == 0 ? 0 : 1 + (uint32_t)(63 - __builtin_clzll(value));
}

static void on_instruction(void *context, const struct assay_step *step)
{
    struct feedback *feedback = context;
    uint32_t opcode = step->pc < feedback->code.code_size ? feedback->code.code[step->pc] : 0;
    hit(CROSS_PAIR, feedback->last, opcode, step->store_width);
    feedback->last = opcode;
}

static void on_block(void *context, const struct assay_state *entry)
{
    struct feedback *feedback = context;
    if (!feedback->is_first_block) {
        uint64_t cost = feedback->gas - entry->gas;
        hit(CROSS_COST, feedback->last, cost < 64 ? (uint32_t)cost : 64 + class_of(cost), 0);
    }
    feedback->is_first_block = false;
    feedback->gas = entry->gas;
}

struct assay_observer feedback_observer(struct feedback *feedback, const struct assay_program *program)
{
    *feedback = (struct feedback){.last = OPCODES, .is_first_block = true};
    if (!code_view(program->blob, program->blob_size, &feedback->code)) {
        feedback->code = (struct code_view){0};
    }
    return (struct assay_observer){.context = feedback, .block = on_block, .instruction = on_instruction};
}

void feedback_stop(const struct feedback *feedback, const struct assay_stop *stop)
{
    uint64_t pc = stop->state.pc;
    hit(CROSS_EXIT, feedback->last, pc < feedback->code.code_size ? feedback->code.code[pc] : OPCODES, stop->exit);
}

void feedback_record(struct assay_bytes record)
{
    struct source source = {record.data, record.size, 0};
    uint32_t kind = source_byte(&source), op = (uint32_t)source_fixed(&source, 4);
    uint32_t what = kind << 8 | (op < UINT8_MAX ? op : UINT8_MAX), operand[KERNEL_REGISTERS];
    for (size_t i = 0; i < KERNEL_REGISTERS; i++) {
        operand[i] = class_of(source_fixed(&source, 8));
    }
    uint32_t result = source_byte(&source), exit = source_byte(&source);
    source_fixed(&source, 4); /* the argument */
    uint64_t slots = source_fixed(&source, 4);
    hit(CROSS_OPERATION, what, result << 8 | exit, slots < 4 ? (uint32_t)slots : 4);
    for (uint32_t i = 0; i < 3; i++) {
        hit(CROSS_OPERAND, what << 4 | result, i, operand[i] < CLASS_MAX ? operand[i] : CLASS_MAX);
    }
}
