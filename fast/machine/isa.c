/* What an opcode is: its format, whether it ends a block, how it touches memory. */
#include "access.h"
#include "form.h"

#define INSN(name, byte, form, flow) [FAST_OPCODE_##name] = FAST_FORM_##form,
static const struct fast_form form_of[FAST_OPCODE_VALUES] = {
#include "machine/isa.def"
};
#undef INSN

#define INSN(name, byte, form, flow) [FAST_OPCODE_##name] = FAST_FLOW_##flow,
const uint8_t fast_isa_flow[FAST_OPCODE_VALUES] = {
#include "machine/isa.def"
};
#undef INSN

void fast_isa_decode(const struct fast_program *program, uint32_t pc, struct fast_insn *insn)
{
    fast_form_decode(form_of[program->code[pc]], program, pc, insn);
}

/* The register of a field, or -1. */
static int field(const struct fast_insn *insn, unsigned which)
{
    switch (which) {
    case FAST_FIELD_A:
        return insn->ra;
    case FAST_FIELD_B:
        return insn->rb;
    default:
        return -1;
    }
}

void fast_isa_decode_access(const struct fast_insn *insn, struct fast_access *access)
{
    const struct fast_access_row *row = &fast_access_of[insn->opcode];
    *access = (struct fast_access){
        .width = row->width,
        .is_store = row->direction == FAST_STORES,
        .base = field(insn, row->base),
        .source = field(insn, row->stored),
        .disp = insn->x,
        .value = insn->y,
    };
}
