/* Dense code: what compile.c and flow.c ask of dense.c. */
#ifndef FAST_DENSE_H
#define FAST_DENSE_H

#include "emit.h"

bool fast_dense_is_wanted(const struct fast_program *program);
/* From here on e->dense is not NULL. */
int fast_dense_begin(struct fast_emit *e);
/* Behind the other tails. */
void fast_dense_emit_tails(struct fast_emit *e);

/* A block's entry; its cost is told when it is known. */
uint8_t *fast_dense_enter(struct fast_emit *e);
void fast_dense_set_cost(struct fast_emit *e, uint8_t *patch, uint32_t pc, uint32_t cost);

/* Leaves with a dense tail of a call, at this pc; false when the code is not dense, or the argument too large. */
bool fast_dense_emit_call(struct fast_emit *e, enum fast_tail tail, uint32_t pc, uint64_t argument);
/* Jumps to what the register and that immediate say; false when it takes more than that. */
bool fast_dense_emit_jump(struct fast_emit *e, uint32_t pc, uint8_t guest, uint64_t immediate);
/* The instruction at pc, decoded, if it is one of those that are shared. */
bool fast_dense_emit_shared(struct fast_emit *e, uint32_t pc, struct fast_insn *insn);

#endif
