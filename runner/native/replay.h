/*
 * replay.h - one case on one engine, played and compared with what the vector expects: one player a level,
 * behind one interface.
 */
#ifndef ASSAY_NATIVE_REPLAY_H
#define ASSAY_NATIVE_REPLAY_H

#include "compare.h"
#include "vector.h"

struct attempt {
    const struct assay_engine *engine;
    const struct vector_item *item;
    bool observed;
    size_t step;
    struct differences differences;
    const char *trouble; /* of the harness or the host: verdict error */
    bool cannot;         /* the trouble is that the engine lacks something, by its own word or by its table */
    bool broken;         /* the trouble is that a program died, hung or answered garbage: verdict broken */
    uint64_t *executed;  /* by opcode; an observed case of the machine counts what it executes */
};

struct player {
    const char *(*lacks)(const struct attempt *attempt);         /* why it cannot be played at all; or NULL */
    const char *(*lacks_records)(const struct attempt *attempt); /* which records the case has in vain; or NULL */
    bool (*has_records)(const struct attempt *attempt);          /* whether the case says which records it expects */
    bool (*is_observable)(const struct attempt *attempt);
    void (*play)(struct attempt *attempt); /* fills in step, and differences or trouble */
};

/* Keeps what a negative result that no case can expect means; false when it is none. */
bool attempt_failed(struct attempt *attempt, int result);

extern const struct player machine_player, kernel_player;

#endif
