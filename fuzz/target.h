/*
 * target.h - what a target is: bytes in, a verdict out.
 *
 * The same five targets are built for AFL++, for libFuzzer and as the plain replayer assay-fuzz. Each reads an input
 * (the *_input files), plays it on the first engine beside every other one, in production and observed, and compares
 * everything.
 */
#ifndef ASSAY_FUZZ_TARGET_H
#define ASSAY_FUZZ_TARGET_H

#include "compare.h"
#include "kernel_case.h"
#include "machine_input.h"
#include "play.h"

enum { ENGINES_MAX = 4 };

struct engines {
    const struct assay_engine *engine[ENGINES_MAX]; /* the first one's answers are "expected" */
    size_t count; /* 0: inputs are read, and no engine is called; to measure what the rest costs */
};

enum verdict_kind {
    VERDICT_AGREED,
    VERDICT_DIFFERED,
    VERDICT_FOREIGN, /* no input of this target: it begins with another tag */
    VERDICT_SKIPPED, /* not compared in full; the reason says what was left out */
    VERDICT_KINDS
};

/* Why something was not compared; README.md says when. */
enum skip_reason { SKIP_NOTHING, SKIP_LACKS_LEVEL, SKIP_LACKS_RECORDS, SKIP_CUT_RECORDS, SKIP_HOST, SKIP_REASONS };
extern const char *const skip_name[SKIP_REASONS];

struct verdict {
    enum verdict_kind kind;
    enum skip_reason skipped;
    size_t limited;     /* values that limits.h has cut down */
    const char *engine; /* which one differs from the first */
    enum flavour flavour;
    size_t question; /* of the codec: which of them */
    size_t step;     /* counted among runs, resumes, writes and events */
    struct differences differences;
    char trouble[JSON_MESSAGE_MAX]; /* of an engine that is a program; may be empty */
};

struct target {
    const char *name;
    const char *tag;
    /* `source` is behind the tag; what it holds may be changed. */
    void (*play)(const struct engines *engines, struct arena *arena, struct source source, struct verdict *verdict);
    /* Writes the input as a case of a vector file, with the outcomes of the engine; `is_whole`: without limits. */
    void (*show)(const struct assay_engine *engine, struct arena *arena, struct source source, bool is_whole,
                 struct text *text);
};

extern const struct target target_machine, target_codec, target_invocation, target_chain, target_reader;

enum { TARGET_COUNT = 5 };
extern const struct target *const targets[TARGET_COUNT];

/* The target that an input is of, or that has that name; NULL: none. */
const struct target *target_of(const uint8_t *data, size_t size);
const struct target *target_named(const char *name);

/* Plays one input. */
void target_run(const struct target *target, const struct engines *engines, const uint8_t *data, size_t size,
                struct verdict *verdict);

/* ---- shared by the targets -------------------------------------------------------------------- */

/* Notes what was left out, unless something differs. */
void verdict_skip(struct verdict *verdict, enum skip_reason reason);
/* Takes over differences, if there are any; true: there are. */
bool verdict_take(struct verdict *verdict, const struct differences *differences, const struct assay_engine *engine,
                  enum flavour flavour, size_t step);

/* A case of the kernel on all engines. */
void kernel_pairs(const struct engines *engines, const struct kernel_case *input, struct verdict *verdict);

/* Whether a result says that the host gave out; such an execution says nothing. */
bool result_is_of_host(int result);

#endif
