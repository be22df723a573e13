/*
 * bench-guests: guest programs on engines, beside their native twins.
 *
 * Each case of the vector files is a guest: its code, its pages, and a run whose r7 and r8 are the two
 * arguments; what the case expects is void. The twin is TWINS/SUBJECT.so with `uint64_t twin(uint64_t,
 * uint64_t)`. A guest ends with a reply, an ecall or ecalli, and r7 is then its result: a row stands only if
 * every engine's is the twin's, and all gas is equal.
 */
#define _POSIX_C_SOURCE 200809L

#include "measure.h"
#include "native.h"
#include "vector.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENGINE_MAX = 4, ROUNDS_MAX = 101, RESULT = 7, TEST = 7, ITERATIONS = 8 };

static const uint64_t PLENTY = UINT64_C(1) << 60;

typedef uint64_t twin_fn(uint64_t test, uint64_t iterations);

struct side {
    const struct assay_engine *engine;
    struct assay_machine *machine;
    struct assay_stop stop;
    double run[ROUNDS_MAX], compile[ROUNDS_MAX], cold[ROUNDS_MAX];
};

struct guest_bench {
    struct side side[ENGINE_MAX];
    size_t count;
    uint64_t rounds;
    const char *twins;
    bool good, as_json;
    double twin[ROUNDS_MAX];
    double log_sum;
    size_t rows;
    struct text text;
};

static void count_instruction(void *context, const struct assay_step *step)
{
    (void)step;
    ++*(uint64_t *)context;
}

/* "programs/fib/..." to a name in `name`: the subject. */
static void subject_of(const char *id, char name[64])
{
    const char *start = strchr(id, '/');
    snprintf(name, 64, "%.*s", start == NULL ? 0 : (int)strcspn(start + 1, "/"), start == NULL ? "" : start + 1);
}

static twin_fn *load_twin(const struct guest_bench *bench, const char *name)
{
    char path[4096];
    twin_fn *twin = NULL;
    snprintf(path, sizeof path, "%s/%s.so", bench->twins, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "twin");
    memcpy(&twin, &symbol, sizeof twin);
    if (twin == NULL) {
        complain("bench-guests: %s: %s", path, dlerror());
    }
    return twin;
}

static bool run_once(struct side *side, const struct assay_state *start, uint64_t gas)
{
    struct assay_state state = *start;
    state.gas = gas;
    return side->engine->machine->run(side->machine, &state, NULL, &side->stop) == 0;
}

/* Writes every page as the guest found it. */
static bool restore(const struct side *side, const struct assay_program *program)
{
    for (size_t i = 0; i < program->page_count; i++) {
        const struct assay_page *page = &program->page[i];
        uint8_t byte[ASSAY_PAGE_SIZE] = {0};
        if (page->size != 0) {
            memcpy(byte, page->data, page->size);
        }
        if (page->access == ASSAY_ACCESS_RW &&
            side->engine->machine->write(side->machine, page->address, byte, sizeof byte) != 0) {
            return false;
        }
    }
    return true;
}

/* Loads, runs with so much gas, unloads; the seconds of it all. */
static double time_cold(struct guest_bench *bench, struct side *side, const struct vector_case *guest, uint64_t gas)
{
    struct side fresh = {.engine = side->engine};
    double started = seconds_now();
    bool good = side->engine->machine->load(&guest->program, &fresh.machine) == 0 &&
                run_once(&fresh, &guest->step[0].state, gas);
    side->engine->machine->unload(fresh.machine);
    bench->good = bench->good && good;
    return seconds_now() - started;
}

static uint64_t count_executed(struct side *side, const struct vector_case *guest)
{
    uint64_t count = 0;
    struct assay_observer observer = {.context = &count, .instruction = count_instruction};
    if (!engine_has(side->engine, ASSAY_FEATURE_INSTRUCTIONS) || !restore(side, &guest->program)) {
        return 0;
    }
    side->engine->machine->observe(side->machine, &observer);
    run_once(side, &guest->step[0].state, PLENTY);
    side->engine->machine->observe(side->machine, NULL);
    return count;
}

/* How many instructions the code holds: its start bits. */
static uint64_t count_instructions(const struct vector_case *guest)
{
    struct code_view view;
    uint64_t count = 0;
    if (code_view(guest->program.blob, guest->program.blob_size, &view)) {
        for (uint64_t i = 0; i < view.code_size; i++) {
            count += view.bitmask[i / 8] >> (i % 8) & 1;
        }
    }
    return count;
}

static bool agrees(const struct guest_bench *bench, const struct side *side, const char *name, uint64_t result)
{
    bool ended = side->stop.exit == ASSAY_EXIT_ECALL || side->stop.exit == ASSAY_EXIT_HOST_CALL;
    if (ended && side->stop.state.reg[RESULT] == result && side->stop.state.gas == bench->side[0].stop.state.gas) {
        return true;
    }
    complain("bench-guests: %s on %s: ends with %s and 0x%llx, the twin's result is 0x%llx; or another gas "
             "than on %s",
             name, side->engine->name, exit_name(side->stop.exit), (unsigned long long)side->stop.state.reg[RESULT],
             (unsigned long long)result, bench->side[0].engine->name);
    return false;
}

static void time_rounds(struct guest_bench *bench, const struct vector_case *guest, const char *name, twin_fn *twin)
{
    const struct assay_state *start = &guest->step[0].state;
    for (uint64_t round = 0; round <= bench->rounds && bench->good; round++) {
        uint64_t slot = round == 0 ? 0 : round - 1; /* the first round warms up */
        double started = seconds_now();
        uint64_t result = twin(start->reg[TEST], start->reg[ITERATIONS]);
        bench->twin[slot] = seconds_now() - started;
        for (size_t i = 0; i < bench->count && bench->good; i++) {
            struct side *side = &bench->side[i];
            bench->good = restore(side, &guest->program);
            started = seconds_now();
            bench->good = run_once(side, start, PLENTY) && bench->good;
            side->run[slot] = seconds_now() - started;
            bench->good = bench->good && agrees(bench, side, name, result);
            side->compile[slot] = time_cold(bench, side, guest, 0);
            side->cold[slot] = time_cold(bench, side, guest, PLENTY);
        }
    }
}

static void print_row(struct guest_bench *bench, const char *name, const struct vector_case *guest, uint64_t executed)
{
    uint64_t instructions = count_instructions(guest);
    double native = median(bench->twin, bench->rounds), last = 0, compile = 0, cold = 0;
    text_format(&bench->text, "%s{\"guest\": \"%s\", \"executed\": %llu, \"instructions\": %llu, \"native_ms\": %.4f",
                bench->rows == 0 ? "" : ", ", name, (unsigned long long)executed, (unsigned long long)instructions,
                native * 1e3);
    if (!bench->as_json) {
        printf("%-12s %12llu %8llu %10.3f", name, (unsigned long long)executed, (unsigned long long)instructions,
               native * 1e3);
    }
    for (size_t i = 0; i < bench->count; i++) {
        struct side *side = &bench->side[i];
        last = median(side->run, bench->rounds);
        compile = median(side->compile, bench->rounds) / (double)instructions;
        cold = median(side->cold, bench->rounds);
        text_format(&bench->text, ", \"%s\": {\"ms\": %.4f, \"compile_ns\": %.2f, \"cold_ms\": %.4f}",
                    side->engine->name, last * 1e3, compile * 1e9, cold * 1e3);
        if (!bench->as_json) {
            printf(" %10.3f", last * 1e3);
        }
    }
    text_format(&bench->text, ", \"to_native\": %.3f}", last / native);
    if (!bench->as_json) {
        printf(" %9.2f %10.1f %9.3f\n", last / native, compile * 1e9, cold * 1e3);
    }
    bench->log_sum += log(last / native);
    bench->rows++;
}

static bool visit(void *context, const struct vector_item *item)
{
    struct guest_bench *bench = context;
    char name[64];
    if (item->vector == NULL || item->vector->step_count != 1) {
        complain("bench-guests: %s: byte %zu: %s", item->file, item->error.offset,
                 item->vector == NULL ? item->error.message : "a guest is a machine case of one run");
        bench->good = false;
        return false;
    }
    subject_of(item->id, name);
    twin_fn *twin = load_twin(bench, name);
    bench->good = twin != NULL;
    for (size_t i = 0; i < bench->count && bench->good; i++) {
        struct side *side = &bench->side[i];
        bench->good = side->engine->machine->load(&item->vector->program, &side->machine) == 0;
    }
    if (bench->good) {
        uint64_t executed = count_executed(&bench->side[0], item->vector);
        time_rounds(bench, item->vector, name, twin);
        if (bench->good) {
            print_row(bench, name, item->vector, executed);
        }
    }
    for (size_t i = 0; i < bench->count; i++) {
        bench->side[i].engine->machine->unload(bench->side[i].machine);
        bench->side[i].machine = NULL;
    }
    return bench->good;
}

static int bench_all(struct guest_bench *bench, char **file, size_t file_count)
{
    if (!bench->as_json) {
        printf("%-12s %12s %8s %10s", "guest", "executed", "code", "native ms");
        for (size_t i = 0; i < bench->count; i++) {
            printf(" %7s ms", bench->side[i].engine->name);
        }
        printf(" %9s %10s %9s\n", "to native", "compile ns", "cold ms");
    }
    vector_walk(file, file_count, visit, bench);
    double mean = bench->rows == 0 ? 0 : exp(bench->log_sum / (double)bench->rows);
    if (bench->as_json && bench->good) {
        printf("{\"rounds\": %llu, \"geometric_mean\": %.3f, \"rows\": [%s]}\n", (unsigned long long)bench->rounds,
               mean, bench->rows == 0 ? "" : bench->text.data);
    } else if (bench->good) {
        printf("\nto native: %s / the same C by the host's compiler, geometric mean %.2f; medians of %llu "
               "interleaved "
               "rounds. compile: ns an instruction of the code.\n",
               bench->side[bench->count - 1].engine->name, mean, (unsigned long long)bench->rounds);
    }
    text_free(&bench->text);
    return !bench->good ? CODE_DIFFERED : bench->rows == 0 ? CODE_NOTHING : CODE_AGREED;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[ENGINE_MAX] = {NULL}, *rounds = NULL, *twins = NULL, *json = NULL;
    const struct option option[] = {
        {"--engine", "PATH", "an engine; up to four, the last is set beside the twin", engine, engine + ENGINE_MAX},
        {"--twins", "FOLDER", "where the twins are, SUBJECT.so", &twins, NULL},
        {"--rounds", "N", "interleaved rounds, 7 to 101 (7)", &rounds, NULL},
        {"--json", NULL, "one JSON object instead of the table", &json, NULL},
    };
    int left = options_read(&command_bench_guests, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    static struct guest_bench bench;
    bench = (struct guest_bench){.rounds = 7, .twins = twins, .good = true, .as_json = json != NULL};
    if (engine[0] == NULL || twins == NULL || left == 0 ||
        !option_number("--rounds", rounds, ROUNDS_MAX, &bench.rounds) || bench.rounds < 7) {
        complain("bench-guests: give --engine, --twins and files, and 7 rounds at least; see bench-guests --help");
        return CODE_USAGE;
    }
    for (; bench.count < ENGINE_MAX && engine[bench.count] != NULL; bench.count++) {
        bench.side[bench.count].engine = engine_load(engine[bench.count]);
        if (bench.side[bench.count].engine == NULL) {
            return CODE_ENGINE;
        }
    }
    return bench_all(&bench, arguments, (size_t)left);
}

const struct command command_bench_guests = {
    .name = "bench-guests",
    .arguments = "FILE...",
    .summary = "time guest programs beside their native twins",
    .help = "Each case of the vector files is a guest of one run; r7 and r8 are its arguments and what\n"
            "it expects is void. Machines are warm for the run, memory is restored before each round;\n"
            "compile is load and unload with no gas, cold is load, run and unload.\n\n"
            "Exit code: 0 every result is the twin's, 1 one is not, 2 usage, 4 an engine cannot be\n"
            "loaded, 5 there is no guest.",
    .run = run,
};
