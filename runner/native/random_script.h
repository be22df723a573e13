/*
 * random_script.h - what is done with a random program: a run, and up to four resumes with writes in between, as the
 * program's plan decides.
 */
#ifndef ASSAY_NATIVE_RANDOM_SCRIPT_H
#define ASSAY_NATIVE_RANDOM_SCRIPT_H

#include "play.h"
#include "random.h"

/* Plays it; the result lives in the arena. */
struct play *random_play(const struct assay_engine *const engine[2], struct arena *arena,
                         const struct random_program *made, enum flavour flavour, bool keeps_memory);

#endif
