/*
 * bench: how fast engines run and compile, beside yardsticks of the same process and the same
 * minute.
 *
 * Every round times every engine once, in turn, so that whatever else the machine does falls on
 * all of them. A row is printed only if every engine has left the result, the gas and the
 * memory that the others and the same work in C have left.
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"
#include "compare.h"
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENGINE_MAX = 4, ROUNDS_MAX = 101, CHAIN_ROUNDS = 20000000, CYCLES_A_ROUND = 2, MEMCPY_ROUNDS = 2000 };

struct row {
    const char *name, *unit;
    uint64_t work;
    double native; /* seconds, median; 0: there is none */
    double median[ENGINE_MAX], low[ENGINE_MAX], high[ENGINE_MAX];
    double ratio, ratio_low, ratio_high; /* first engine / last engine */
};

struct bench {
    const struct assay_engine *engine[ENGINE_MAX];
    size_t engine_count;
    uint64_t rounds;
    double seconds[ENGINE_MAX][ROUNDS_MAX];
    double native[ROUNDS_MAX];
    struct row row[KERNEL_COUNT + 2]; /* and two of compilation */
    size_t row_count;
    double hertz, copy_rate;
};

/* One kernel on one engine. */
struct runner {
    const struct assay_engine *engine;
    struct assay_machine *machine;
    struct assay_stop stop;
    uint8_t *memory;
    bool broken;
};

static void count_instruction(void *context, const struct assay_step *step)
{
    (void)step;
    ++*(uint64_t *)context;
}

/* Runs a kernel to its end; a host call more than `resumes` ends it too. */
static double run_kernel(const struct kernel *kernel, struct runner *runner)
{
    struct assay_state state = {.gas = UINT64_C(1) << 60};
    const struct assay_machine_level *level = runner->engine->machine;
    double started = seconds_now();
    int result = level->run(runner->machine, &state, NULL, &runner->stop);
    for (uint64_t i = 0; i < kernel->resumes && result == 0; i++) {
        result = level->resume(runner->machine, &runner->stop.state, NULL, &runner->stop);
    }
    double seconds = seconds_now() - started;
    runner->broken = runner->broken || result != 0;
    return seconds;
}

/* Counts the guest instructions of one run on an engine that can tell; 0 when it cannot. */
static uint64_t count_instructions(const struct kernel *kernel, struct runner *runner)
{
    uint64_t count = 0;
    struct assay_observer observer = {.context = &count, .instruction = count_instruction};
    if (!engine_has(runner->engine, ASSAY_FEATURE_INSTRUCTIONS)) {
        return 0;
    }
    runner->engine->machine->observe(runner->machine, &observer);
    run_kernel(kernel, runner);
    runner->engine->machine->observe(runner->machine, NULL);
    return count;
}

static bool is_as_expected(const struct kernel *kernel, const struct assay_program *program, struct runner *runner,
                           const struct runner *first, uint64_t result, const uint8_t *expected)
{
    struct differences differences = {0};
    struct text text = {0};
    if (runner->broken || guest_read(runner->engine, runner->machine, program, runner->memory) != 0) {
        complain("bench: %s on %s: the engine refused or failed", kernel->name, runner->engine->name);
        return false;
    }
    compare_numbers(&differences, "result", result, runner->stop.state.reg[BENCH_RESULT]);
    compare_stops(&differences, &first->stop, &runner->stop);
    compare_guests(&differences, program, expected, runner->memory);
    if (differences.count > 0) {
        write_differences(&text, &differences);
        complain("bench: %s on %s differs from %s or from C, so its time means nothing: %s", kernel->name,
                 runner->engine->name, first->engine->name, text.data + 2);
        text_free(&text);
    }
    return differences.count == 0;
}

static void fill_ratio(struct bench *bench, struct row *row)
{
    const double *first = bench->seconds[0], *last = bench->seconds[bench->engine_count - 1];
    for (size_t i = 0; i < bench->rounds; i++) {
        double ratio = first[i] / last[i];
        row->ratio_low = i == 0 || ratio < row->ratio_low ? ratio : row->ratio_low;
        row->ratio_high = i == 0 || ratio > row->ratio_high ? ratio : row->ratio_high;
    }
}

/* From the measured rounds to a row; sorts them. */
static void finish_row(struct bench *bench, const char *name, const char *unit, uint64_t work)
{
    struct row *row = &bench->row[bench->row_count++];
    *row = (struct row){.name = name, .unit = unit, .work = work};
    fill_ratio(bench, row);
    row->native = median(bench->native, bench->rounds);
    for (size_t i = 0; i < bench->engine_count; i++) {
        row->median[i] = median(bench->seconds[i], bench->rounds);
        row->low[i] = bench->seconds[i][0];
        row->high[i] = bench->seconds[i][bench->rounds - 1];
    }
    row->ratio = row->median[0] / row->median[bench->engine_count - 1];
}

static bool time_rounds(struct bench *bench, const struct kernel *kernel, const struct assay_program *program,
                        struct runner *runner, const uint8_t *start)
{
    uint8_t *native = memory_resize(NULL, guest_size(program) + 1);
    bool good = true;
    for (size_t round = 0; round <= bench->rounds && good; round++) { /* round 0 warms up */
        size_t slot = round == 0 ? 0 : round - 1;
        memcpy(native, start, guest_size(program));
        double started = seconds_now();
        uint64_t result = kernel->native(native);
        bench->native[slot] = seconds_now() - started;
        for (size_t i = 0; i < bench->engine_count; i++) {
            guest_restore(runner[i].engine, runner[i].machine, program, start);
            bench->seconds[i][slot] = run_kernel(kernel, &runner[i]);
        }
        for (size_t i = 0; i < bench->engine_count && good; i++) {
            good = is_as_expected(kernel, program, &runner[i], &runner[0], result, native);
        }
    }
    free(native);
    return good;
}

static bool time_kernel(struct bench *bench, const struct kernel *kernel)
{
    struct arena arena = {0};
    struct runner runner[ENGINE_MAX] = {{0}};
    struct bytes blob = kernel->build(&arena);
    struct assay_page *page = arena_list(&arena, kernel->page_count, sizeof *page);
    struct assay_program program = {
        .blob = blob.data, .blob_size = blob.size, .mem_cycles = 25, .page = page, .page_count = kernel->page_count};
    uint8_t *start = arena_take(&arena, guest_size(&program));
    uint64_t work = kernel->resumes;
    bool good = true;
    kernel_fill_memory(start, guest_size(&program));
    for (size_t i = 0; i < kernel->page_count; i++) {
        page[i] = (struct assay_page){(uint32_t)(BENCH_ADDRESS + i * PAGE_BYTES), ASSAY_ACCESS_RW,
                                      start + i * PAGE_BYTES, PAGE_BYTES};
    }
    for (size_t i = 0; i < bench->engine_count && good; i++) {
        runner[i].engine = bench->engine[i];
        runner[i].memory = arena_take(&arena, guest_size(&program));
        good = runner[i].engine->machine->load(&program, &runner[i].machine) == 0;
        if (!good) {
            complain("bench: %s: %s does not load it", kernel->name, runner[i].engine->name);
        }
    }
    for (size_t i = 0; i < bench->engine_count && good && work == 0; i++) {
        work = count_instructions(kernel, &runner[i]);
    }
    if (good && time_rounds(bench, kernel, &program, runner, start)) {
        finish_row(bench, kernel->name, kernel->unit, work);
    } else {
        good = false;
    }
    for (size_t i = 0; i < bench->engine_count; i++) {
        if (runner[i].machine != NULL) {
            runner[i].engine->machine->unload(runner[i].machine);
        }
    }
    arena_clear(&arena);
    return good;
}

/* Load, enter with no gas, unload; the entry makes a lazy compiler compile. */
static double time_load(const struct assay_engine *engine, const struct bytes *blob, bool *good)
{
    struct assay_program program = {.blob = blob->data, .blob_size = blob->size, .mem_cycles = 25};
    struct assay_machine *machine = NULL;
    struct assay_state state = {0};
    struct assay_stop stop = {0};
    double started = seconds_now();
    *good = *good && engine->machine->load(&program, &machine) == 0;
    if (machine != NULL) {
        *good = *good && engine->machine->run(machine, &state, NULL, &stop) == 0;
        engine->machine->unload(machine);
    }
    *good = *good && stop.exit == ASSAY_EXIT_OUT_OF_GAS;
    return seconds_now() - started;
}

/* A program as compilers write them, or with all opcodes equally often. */
static bool time_compile(struct bench *bench, const char *name, bool any)
{
    struct arena arena = {0};
    struct bytes large = kernel_compile_program(&arena, COMPILE_INSTRUCTIONS, any);
    struct bytes small = kernel_compile_program(&arena, 1, any);
    bool good = true;
    for (size_t round = 0; round <= bench->rounds; round++) {
        size_t slot = round == 0 ? 0 : round - 1;
        for (size_t i = 0; i < bench->engine_count; i++) {
            double all = time_load(bench->engine[i], &large, &good);
            bench->seconds[i][slot] = all - time_load(bench->engine[i], &small, &good);
        }
        bench->native[slot] = 0;
    }
    if (good) {
        finish_row(bench, name, "instruction", COMPILE_INSTRUCTIONS - 1);
    } else {
        complain("bench: %s: an engine does not load the program or does not stop in out_of_gas", name);
    }
    arena_clear(&arena);
    return good;
}

static void measure_yardsticks(struct bench *bench)
{
    static uint8_t from[65536], to[65536];
    /* Called through a volatile pointer, so that no compiler leaves copies out. */
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    volatile uint64_t sink = 0;
    for (size_t i = 0; i < bench->rounds; i++) {
        double started = seconds_now();
        sink = native_chain(CHAIN_ROUNDS, sink + i + 1);
        bench->native[i] = seconds_now() - started;
    }
    bench->hertz = (double)CHAIN_ROUNDS * CYCLES_A_ROUND / median(bench->native, bench->rounds);
    for (size_t i = 0; i < bench->rounds; i++) {
        double started = seconds_now();
        for (size_t k = 0; k < MEMCPY_ROUNDS; k++) {
            from[k] = (uint8_t)k;
            copy(to, from, sizeof to);
            sink = sink + to[k];
        }
        bench->native[i] = seconds_now() - started;
    }
    bench->copy_rate = (double)sizeof to * MEMCPY_ROUNDS / median(bench->native, bench->rounds);
}

static double nanoseconds(double seconds, uint64_t work)
{
    return work == 0 ? 0 : seconds * 1e9 / (double)work;
}

static void print_table(const struct bench *bench)
{
    printf("%-11s %12s %10s", "kernel", "work", "C ns");
    for (size_t i = 0; i < bench->engine_count; i++) {
        printf(" %9s ns", bench->engine[i]->name);
    }
    printf("  %s/%s (min..max)  %s/C\n", bench->engine[0]->name, bench->engine[bench->engine_count - 1]->name,
           bench->engine[bench->engine_count - 1]->name);
    for (size_t r = 0; r < bench->row_count; r++) {
        const struct row *row = &bench->row[r];
        double last = row->median[bench->engine_count - 1];
        printf("%-11s %12llu %10.3f", row->name, (unsigned long long)row->work, nanoseconds(row->native, row->work));
        for (size_t i = 0; i < bench->engine_count; i++) {
            printf(" %12.3f", nanoseconds(row->median[i], row->work));
        }
        printf("  %7.2f (%.2f..%.2f)", row->ratio, row->ratio_low, row->ratio_high);
        printf(row->native > 0 ? "  %.2f\n" : "\n", last / row->native);
    }
    printf("\nns: per guest instruction (host_calls: per round trip), median of %llu interleaved "
           "rounds.\n",
           (unsigned long long)bench->rounds);
    printf("Yardsticks of this run: clock %.2f GHz (dependent shift and add), memcpy of 64 KiB "
           "%.1f GB/s.\n",
           bench->hertz / 1e9, bench->copy_rate / 1e9);
#ifndef __OPTIMIZE__
    printf("assay-native was built without optimisation: the C column and the clock mean nothing.\n");
#endif
}

static void add_row(struct text *text, const struct bench *bench, const struct row *row)
{
    text_format(text,
                "{\"kernel\": \"%s\", \"unit\": \"%s\", \"work\": %llu, \"native_ns\": %.4f, "
                "\"engines\": [",
                row->name, row->unit, (unsigned long long)row->work, nanoseconds(row->native, row->work));
    for (size_t i = 0; i < bench->engine_count; i++) {
        text_raw(text, i == 0 ? "{\"name\": " : ", {\"name\": ");
        text_string(text, bench->engine[i]->name);
        text_format(text, ", \"ns\": %.4f, \"ns_min\": %.4f, \"ns_max\": %.4f}", nanoseconds(row->median[i], row->work),
                    nanoseconds(row->low[i], row->work), nanoseconds(row->high[i], row->work));
    }
    text_format(text, "], \"ratio\": %.3f, \"ratio_min\": %.3f, \"ratio_max\": %.3f}", row->ratio, row->ratio_low,
                row->ratio_high);
}

static void print_json(const struct bench *bench, bool good)
{
    struct text text = {0};
    text_format(&text, "{\"rounds\": %llu, \"clock_ghz\": %.4f, \"memcpy_gb_per_second\": %.3f, \"agreed\": %s, ",
                (unsigned long long)bench->rounds, bench->hertz / 1e9, bench->copy_rate / 1e9, good ? "true" : "false");
    text_raw(&text, "\"rows\": [");
    for (size_t r = 0; r < bench->row_count; r++) {
        text_raw(&text, r == 0 ? "" : ", ");
        add_row(&text, bench, &bench->row[r]);
    }
    text_raw(&text, "]}");
    text_line(&text);
    text_free(&text);
}

static int bench_all(struct bench *bench, bool as_json)
{
    bool good = true;
    measure_yardsticks(bench);
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        good = time_kernel(bench, &kernel_table[i]) && good;
    }
    good = time_compile(bench, "compile", false) && good;
    good = time_compile(bench, "compile_any", true) && good;
    if (as_json) {
        print_json(bench, good);
    } else {
        print_table(bench);
    }
    return good ? CODE_AGREED : CODE_DIFFERED;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[ENGINE_MAX] = {NULL}, *rounds = NULL, *json = NULL;
    const struct option option[] = {
        {"--engine", "PATH", "an engine; up to four, ratios are first / last", engine, engine + ENGINE_MAX},
        {"--rounds", "N", "interleaved rounds, 7 to 101 (9)", &rounds, NULL},
        {"--json", NULL, "one JSON object instead of the table", &json, NULL},
    };
    int left = options_read(&command_bench, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    struct bench *bench = memory_resize(NULL, sizeof *bench);
    *bench = (struct bench){.rounds = 9};
    int code = CODE_USAGE;
    if (engine[0] == NULL) {
        complain("bench: --engine is needed; see assay-native bench --help");
    } else if (option_number("--rounds", rounds, ROUNDS_MAX, &bench->rounds)) {
        code = CODE_AGREED;
        if (bench->rounds < 7) {
            complain("bench: --rounds must be at least 7, for a median that means something");
            code = CODE_USAGE;
        }
    }
    for (; code == CODE_AGREED && bench->engine_count < ENGINE_MAX && engine[bench->engine_count] != NULL;
         bench->engine_count++) {
        bench->engine[bench->engine_count] = engine_load(engine[bench->engine_count]);
        if (bench->engine[bench->engine_count] == NULL) {
            code = CODE_ENGINE;
            break;
        }
    }
    if (code == CODE_AGREED) {
        code = bench_all(bench, json != NULL);
    }
    free(bench);
    return code;
}

const struct command command_bench = {
    .name = "bench",
    .arguments = NULL,
    .summary = "time engines on kernels, beside the same work in C",
    .help = "Kernels: an arithmetic loop, a sieve, a memory copy, rotate and xor, calls through\n"
            "the jump table, host calls and their resumes, and what compiling a program of\n"
            "20,000 instructions costs beyond one of 1. Machines are warm: loaded once, memory\n"
            "restored before each round. Rounds of all engines alternate. A row is printed only\n"
            "if all engines agree with each other and with C on result, gas and memory.\n\n"
            "Exit code: 0 all rows agree, 1 some do not, 2 usage, 4 an engine cannot be loaded,\n"
            "6 no memory.",
    .run = run,
};
