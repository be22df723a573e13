/* What an opcode is: its format, whether it ends a block, how it touches memory. */
#include "form.h"

#define INSN(name, byte, form, flow) [byte] = FORM_##form,
static const struct form form_of[256] = {
#include "machine/isa.def"
};
#undef INSN

#define INSN(name, byte, form, flow) [byte] = FAST_FLOW_##flow,
const uint8_t fast_isa_flow[256] = {
#include "machine/isa.def"
};
#undef INSN

void fast_isa_decode(const struct fast_program *program, uint32_t pc, struct fast_insn *insn)
{
    decode_as(form_of[program->code[pc]], program, pc, insn);
}

/* How the 29 instructions that touch memory name their address and value. */
void fast_isa_decode_access(const struct fast_insn *insn, struct fast_access *access)
{
    static const uint8_t load_width[7] = {1, 1, 2, 2, 4, 4, 8};
    unsigned op = insn->opcode;
    *access = (struct fast_access){.base = -1, .source = -1, .disp = insn->x, .value = insn->y};
    if (op >= 30 && op <= 33) { /* store_imm_* */
        access->width = 1u << (op - 30);
        access->is_store = true;
    } else if (op >= 52 && op <= 58) { /* load_* */
        access->width = load_width[op - 52];
    } else if (op >= 59 && op <= 62) { /* store_* */
        access->width = 1u << (op - 59);
        access->is_store = true;
        access->source = insn->ra;
    } else if (op >= 70 && op <= 73) { /* store_imm_ind_* */
        access->width = 1u << (op - 70);
        access->is_store = true;
        access->base = insn->ra;
    } else if (op >= 120 && op <= 123) { /* store_ind_* */
        access->width = 1u << (op - 120);
        access->is_store = true;
        access->base = insn->rb;
        access->source = insn->ra;
    } else if (op >= 124 && op <= 130) { /* load_ind_* */
        access->width = load_width[op - 124];
        access->base = insn->rb;
    }
}
