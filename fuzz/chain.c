/* The target chain: an Image begins a chain and events are applied; results, roots, States and records are compared. */
#include "target.h"

#include "kernel_input.h"
#include "kernel_write.h"
#include "limits.h"

static void play(const struct engines *engines, struct arena *arena, struct source source, struct verdict *verdict)
{
    struct kernel_case input;
    chain_input_read(arena, source, &input);
    verdict->limited = limit_kernel(arena, &input) + limit_revision(engines->engine[0], &input);
    kernel_pairs(engines, &input, verdict);
}

static void show(const struct assay_engine *engine, struct arena *arena, struct source source, bool is_whole,
                 struct text *text)
{
    struct kernel_case input;
    chain_input_read(arena, source, &input);
    if (!is_whole) {
        limit_kernel(arena, &input);
        limit_revision(engine, &input);
    }
    kernel_write_case(text, engine, &input);
}

const struct target target_chain = {.name = "chain", .tag = TAG_CHAIN, .play = play, .show = show};
