/*
 * lockstep: many random programs on two engines in one process.
 *
 * Every program is played in production; one in eight is also played observed and split
 * (play.h).
 */
#define _POSIX_C_SOURCE 200809L

#include "measure.h"
#include "play.h"
#include "random_script.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBSERVED_EVERY = 8, EXIT_COUNT = 8 };

static const char *const flavour_name[FLAVOUR_COUNT] = {"production", "observed", "split"};
static const char *const shape_name[] = {"regular", "irregular", "mixed"};

struct lockstep {
    const struct assay_engine *engine[2];
    uint64_t seed, count, first, every, max;
    enum shape shape;
    FILE *emitted;
    int mark; /* file that holds the index of the program being played, or -1 */
    bool has_emitted;
    struct text text;
    uint64_t programs, runs, instructions, rejected, divergences;
    uint64_t exits[EXIT_COUNT];
};

static void write_vector(struct lockstep *lockstep, const struct random_program *made, struct play *play,
                         uint64_t index)
{
    char id[96];
    snprintf(id, sizeof id, "random/seed_%llu/%s_%llu", (unsigned long long)lockstep->seed, shape_name[made->shape],
             (unsigned long long)index);
    struct vector_case vector = {.id = id, .program = made->program, .load = play->load};
    vector.step = play->step;
    vector.step_count = play->step_count;
    vector_write_case(&lockstep->text, &vector);
}

static void report(struct lockstep *lockstep, const struct random_program *made, struct play *found, uint64_t index)
{
    struct text *text = &lockstep->text;
    struct play *again = random_play(lockstep->engine, found->arena, made, FLAVOUR_PRODUCTION, true);
    text_clear(text);
    text_format(text,
                "{\"divergence\": %llu, \"seed\": %llu, \"index\": %llu, \"shape\": \"%s\", "
                "\"flavour\": \"%s\", ",
                (unsigned long long)++lockstep->divergences, (unsigned long long)lockstep->seed,
                (unsigned long long)index, shape_name[lockstep->shape], flavour_name[found->flavour]);
    text_raw(text, "\"engines\": [");
    text_string(text, lockstep->engine[0]->name);
    text_raw(text, ", ");
    text_string(text, lockstep->engine[1]->name);
    text_format(text, "], \"step\": %zu", found->step_count == 0 ? 0 : found->step_count - 1);
    write_differences(text, &found->differences);
    if (found->trouble != NULL) {
        text_raw(text, ", \"message\": ");
        text_string(text, found->trouble);
    }
    text_raw(text, ", \"case\": ");
    if (again->load < 0 && again->load != LOAD_REFUSED) {
        text_raw(text, "null"); /* the first engine cannot say what is expected */
    } else {
        write_vector(lockstep, made, again, index);
    }
    text_raw(text, "}");
    text_line(text);
}

static void emit(struct lockstep *lockstep, const struct random_program *made, struct play *play, uint64_t index)
{
    text_clear(&lockstep->text);
    text_raw(&lockstep->text, lockstep->has_emitted ? ",\n" : "\n");
    write_vector(lockstep, made, play, index);
    fwrite(lockstep->text.data, 1, lockstep->text.size, lockstep->emitted);
    lockstep->has_emitted = true;
}

static void count_exits(struct lockstep *lockstep, const struct play *play)
{
    lockstep->rejected += play->load != 0;
    for (size_t i = 0; i < play->step_count; i++) {
        const struct vector_step *step = &play->step[i];
        if (step->kind != STEP_WRITE && !step->refused) {
            lockstep->runs++;
            lockstep->exits[step->stop.exit % EXIT_COUNT]++;
        }
    }
}

static void play_index(struct lockstep *lockstep, uint64_t index, struct arena *arena)
{
    struct random_program made;
    random_make(arena, lockstep->seed, index, lockstep->shape, &made);
    bool keeps_memory = lockstep->emitted != NULL && index % lockstep->every == 0;
    struct play *play = random_play(lockstep->engine, arena, &made, FLAVOUR_PRODUCTION, keeps_memory);
    count_exits(lockstep, play);
    if (play->differences.count > 0) {
        report(lockstep, &made, play, index);
        return;
    }
    if (play->keeps_memory) {
        emit(lockstep, &made, play, index);
    }
    if (index % OBSERVED_EVERY != 0 || play->load != 0) {
        return;
    }
    for (enum flavour flavour = FLAVOUR_OBSERVED; flavour <= FLAVOUR_SPLIT; flavour++) {
        struct play *other = random_play(lockstep->engine, arena, &made, flavour, false);
        play_compare_flavours(other, play);
        lockstep->instructions += other->side[0].instructions.count;
        if (other->differences.count > 0) {
            report(lockstep, &made, other, index);
        }
    }
}

static void mark(const struct lockstep *lockstep, uint64_t index)
{
    char line[32];
    if (lockstep->mark >= 0) {
        int size = snprintf(line, sizeof line, "%20llu\n", (unsigned long long)index);
        if (pwrite(lockstep->mark, line, (size_t)size, 0) != size) {
            complain("lockstep: the --mark file cannot be written");
            exit(CODE_HOST);
        }
    }
}

/* The last line; false: an engine did not end well. */
static bool summary(struct lockstep *lockstep, double seconds)
{
    struct text *text = &lockstep->text;
    text_clear(text);
    text_format(text, "{\"done\": true, \"seed\": %llu, \"shape\": \"%s\", \"first\": %llu, \"programs\": %llu, ",
                (unsigned long long)lockstep->seed, shape_name[lockstep->shape], (unsigned long long)lockstep->first,
                (unsigned long long)lockstep->programs);
    text_format(text, "\"runs\": %llu, \"instructions\": %llu, \"exits\": {", (unsigned long long)lockstep->runs,
                (unsigned long long)lockstep->instructions);
    for (uint32_t i = 0; i < EXIT_COUNT; i++) {
        text_format(text, "%s\"%s\": %llu", i == 0 ? "" : ", ", exit_name(i), (unsigned long long)lockstep->exits[i]);
    }
    text_format(text,
                "}, \"rejected\": %llu, \"divergences\": %llu, \"seconds\": %.3f, "
                "\"programs_per_second\": %.0f",
                (unsigned long long)lockstep->rejected, (unsigned long long)lockstep->divergences, seconds,
                (double)lockstep->programs / (seconds > 0 ? seconds : 1e-9));
    bool ended_well = engines_farewell(text, lockstep->engine, 2);
    text_raw(text, "}");
    text_line(text);
    return ended_well;
}

static int play_all(struct lockstep *lockstep)
{
    double started = seconds_now(), shown = started;
    bool shows = isatty(STDERR_FILENO) != 0;
    for (uint64_t i = 0; i < lockstep->count && lockstep->divergences < lockstep->max; i++) {
        struct arena arena = {0};
        mark(lockstep, lockstep->first + i);
        play_index(lockstep, lockstep->first + i, &arena);
        arena_clear(&arena);
        lockstep->programs++;
        if (shows && (i % 1024) == 0 && seconds_now() - shown > 0.2) {
            shown = seconds_now();
            fprintf(stderr, "\r%llu of %llu programs, %llu divergences", (unsigned long long)lockstep->programs,
                    (unsigned long long)lockstep->count, (unsigned long long)lockstep->divergences);
        }
    }
    if (shows) {
        fputs("\r\033[K", stderr);
    }
    bool ended_well = summary(lockstep, seconds_now() - started);
    return lockstep->divergences > 0 || !ended_well ? CODE_DIFFERED
           : lockstep->programs == 0                ? CODE_NOTHING
                                                    : CODE_AGREED;
}

static bool read_shape(const char *name, enum shape *shape)
{
    for (enum shape i = SHAPE_REGULAR; name != NULL && i <= SHAPE_MIXED; i++) {
        if (strcmp(name, shape_name[i]) == 0) {
            *shape = i;
            return true;
        }
    }
    if (name != NULL) {
        complain("--shape %s: must be regular, irregular or mixed", name);
    }
    return name == NULL;
}

static bool open_files(struct lockstep *lockstep, const char *emitted, const char *marked)
{
    const char *const vote[] = {"model", lockstep->engine[0]->name, lockstep->engine[1]->name};
    char subject[64];
    lockstep->mark = -1;
    if (marked != NULL) {
        lockstep->mark = open(marked, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (emitted != NULL) {
        lockstep->emitted = fopen(emitted, "wbe");
    }
    if ((marked != NULL && lockstep->mark < 0) || (emitted != NULL && lockstep->emitted == NULL)) {
        complain("lockstep: %s cannot be written; choose another place", lockstep->mark < 0 ? marked : emitted);
        return false;
    }
    if (emitted != NULL) {
        snprintf(subject, sizeof subject, "seed_%llu", (unsigned long long)lockstep->seed);
        text_clear(&lockstep->text);
        vector_write_head(&lockstep->text, "random", subject, vote, 3);
        fwrite(lockstep->text.data, 1, lockstep->text.size, lockstep->emitted);
    }
    return true;
}

static int close_files(struct lockstep *lockstep, int code)
{
    if (lockstep->mark >= 0) {
        close(lockstep->mark);
    }
    if (lockstep->emitted != NULL) {
        fputs("\n]\n}\n", lockstep->emitted);
        bool written = ferror(lockstep->emitted) == 0;
        if (fclose(lockstep->emitted) != 0 || !written) {
            complain("lockstep: the --emit file could not be written to its end");
            return CODE_HOST;
        }
    }
    return code;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[2] = {NULL, NULL}, *timeout = NULL, *seed = NULL, *count = NULL, *shape = NULL, *first = NULL;
    const char *emitted = NULL, *every = NULL, *max = NULL, *marked = NULL;
    const struct option option[] = {
        {"--engine", "ENGINE", "an engine; given twice, the first one's outcomes are \"expected\"", engine, engine + 2},
        {"--timeout", "SECONDS", TIMEOUT_HELP, &timeout, NULL},
        {"--seed", "S", "seed of the generator (1)", &seed, NULL},
        {"--count", "N", "how many programs (1000)", &count, NULL},
        {"--first", "I", "index of the first program (0)", &first, NULL},
        {"--shape", "SHAPE", "regular, irregular or mixed (mixed)", &shape, NULL},
        {"--max", "N", "stop after so many divergences (10)", &max, NULL},
        {"--emit", "FILE", "write programs with the outcomes of the first engine as a vector file", &emitted, NULL},
        {"--every", "K", "with --emit: those whose index is a multiple of K (100)", &every, NULL},
        {"--mark", "FILE", "keep the index of the program being played in FILE", &marked, NULL},
    };
    struct lockstep lockstep = {.seed = 1, .count = 1000, .max = 10, .every = 100, .shape = SHAPE_MIXED};
    int left = options_read(&command_lockstep, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    if (!option_number("--seed", seed, UINT64_MAX, &lockstep.seed) ||
        !option_number("--count", count, UINT64_MAX, &lockstep.count) ||
        !option_number("--first", first, UINT64_MAX, &lockstep.first) ||
        !option_number("--max", max, UINT64_MAX, &lockstep.max) ||
        !option_number("--every", every, UINT64_MAX, &lockstep.every) || !read_shape(shape, &lockstep.shape)) {
        return CODE_USAGE;
    }
    if (engine[1] == NULL || lockstep.every == 0) {
        complain("lockstep: %s; see assay-native lockstep --help",
                 engine[1] == NULL ? "--engine is needed twice" : "--every must be at least 1");
        return CODE_USAGE;
    }
    lockstep.engine[0] = engine_open(engine[0], timeout);
    lockstep.engine[1] = lockstep.engine[0] == NULL ? NULL : engine_open(engine[1], timeout);
    if (lockstep.engine[1] == NULL) {
        return CODE_ENGINE;
    }
    int code = open_files(&lockstep, emitted, marked) ? close_files(&lockstep, play_all(&lockstep)) : CODE_HOST;
    text_free(&lockstep.text);
    return code;
}

const struct command command_lockstep = {
    .name = "lockstep",
    .arguments = NULL,
    .summary = "compare two engines on random programs",
    .help = "Program I of a seed and shape is always the same one, so --first I --count 1 plays\n"
            "it again. Regular programs hold well-formed instructions of all opcodes; irregular\n"
            "ones any bytes and bitmasks. After every run, resume and write all observables of\n"
            "both engines are compared; one program in eight (index 0, 8, ...) is also played\n"
            "with observers and cut into pieces. \"instructions\" counts those that were\n"
            "observed. Prints one JSON line a divergence, with the program as a case of a\n"
            "vector file, and a summary line.\n\n"
            "Exit code: 0 no divergence, 1 divergences, 2 usage, 4 an engine cannot be loaded,\n"
            "5 no program was played, 6 no memory, or a file or the output cannot be written.",
    .run = run,
};
