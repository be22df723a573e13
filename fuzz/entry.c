/*
 * entry.c - the one entry function of a target under a fuzzer. AFL++ and libFuzzer both call it; TARGET is defined by
 * the build and names the target.
 *
 *   ASSAY_FUZZ_ENGINE   a third engine, as of --engine of assay-native
 *   ASSAY_FUZZ_IDLE     anything: inputs are read and no engine is called, to measure what the rest costs
 *   ASSAY_FUZZ_LEDGER   see ledger.h
 *   ASSAY_FUZZ_FINDS    see keep.h
 *   ASSAY_FUZZ_KEEP     anything: fast keeps windows, code and Images for the next execution, as in production.
 *                       Without it nothing is kept, so that an input does the same each time it is executed.
 */
#define _GNU_SOURCE

#include "keep.h"
#include "ledger.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

extern const struct assay_engine assay_ref, assay_fast;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JOIN(name) target_##name
#define TARGET_TABLE(name) JOIN(name)

static struct engines engines;

/* In place of the host's: the keys of hash tables are the same each time. */
ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    (void)flags;
    memset(buffer, 0x5a, size);
    return (ssize_t)size;
}

static void open_engines(void)
{
    ledger_open();
    if (getenv("ASSAY_FUZZ_KEEP") == NULL) {
        setenv("ASSAY_FAST_KEEP_MIB", "0", 1);
    }
    if (getenv("ASSAY_FUZZ_IDLE") != NULL) {
        return;
    }
    engines.engine[engines.count++] = &assay_ref;
    engines.engine[engines.count++] = &assay_fast;
}

/* A program is started by the process that talks to it, which is not the one that was warmed up. */
static void open_third(void)
{
    const char *third = getenv("ASSAY_FUZZ_ENGINE");
    if (third == NULL || engines.count == 0) {
        return;
    }
    engines.engine[engines.count] = engine_open(third, NULL);
    if (engines.engine[engines.count++] == NULL) {
        exit(CODE_ENGINE);
    }
}

/* Engines differ, and nobody else keeps the input: the fuzzer keeps what ends the process. */
static _Noreturn void end(const struct target *target, const struct verdict *verdict)
{
    struct text text = {0};
    text_raw(&text, "assay-fuzz: {");
    report_write(&text, target, &engines, verdict);
    text_raw(&text, "}\n");
    fputs(text.data, stderr);
    abort();
}

static void execute(const uint8_t *data, size_t size, struct verdict *verdict)
{
    static bool is_open;
    if (!is_open) { /* not earlier under libFuzzer: its own signal handlers come first (assay.h) */
        is_open = true;
        open_engines();
    }
    target_run(&TARGET_TABLE(TARGET), &engines, data, size, verdict);
}

#ifdef ASSAY_FUZZ_AFL
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* An Image whose endpoint 0 halts, and one event. */
static const uint8_t halting_chain[] =
    "cha1\0\x62\x13\0\0\0\0\0\0\0\x01\x05\0\0\0\x33\x07\x01\x0a\0\x09\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\x01\0\0\0\x07\0\0\0\x01\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\xc0\x84\x3d\xc0\x84\x3d";

/* What happens only once is done before AFL++ copies the process: with an input of nothing, and with a whole chain. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    struct verdict verdict;
    (void)count;
    (void)arguments;
    execute((const uint8_t *)TARGET_TABLE(TARGET).tag, TAG_SIZE, &verdict);
    target_run(&target_chain, &engines, halting_chain, sizeof halting_chain - 1, &verdict);
    return 0;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_third;
    struct verdict verdict;
    if (!has_third) {
        struct verdict nothing;
        has_third = true;
        execute((const uint8_t *)TARGET_TABLE(TARGET).tag, TAG_SIZE, &nothing); /* opens our own first */
        open_third();
    }
    execute(data, size, &verdict);
    ledger_count(&verdict);
    if (verdict.kind == VERDICT_DIFFERED && !keep_input(&verdict, data, size)) {
        end(&TARGET_TABLE(TARGET), &verdict);
    }
    return verdict.kind == VERDICT_FOREIGN ? -1 : 0;
}
