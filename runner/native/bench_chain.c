/*
 * bench-chain: how many events a second engines apply, and what a state root costs beside a bare hash.
 *
 * Two Images of the caller: endpoint 0 does an event's work, endpoint 1 only halts, so that events there fill
 * sigma with their payloads. All engines get the same events in interleaved rounds; a row stands only if
 * their outcomes and roots are equal.
 */
#define _POSIX_C_SOURCE 200809L

#include "bench.h"
#include "measure.h"
#include "vector.h"

#include <blake2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENGINE_MAX = 4, ROUNDS_MAX = 101, PAYLOAD = 32, FILL_PAYLOAD = 65536, ROOTS = 3 };

static const uint64_t PLENTY = UINT64_C(1) << 40;
static const size_t LARGE = (size_t)10 * 1024 * 1024;

struct side {
    const struct assay_engine *engine;
    const struct assay_chain_level *level;
    struct assay_chain *chain;
    double seconds[ROUNDS_MAX];
    uint8_t root[32];
    uint64_t digest; /* of all outcomes */
};

struct chain_bench {
    struct side side[ENGINE_MAX];
    size_t count;
    uint64_t rounds, events;
    bool good, as_json;
    struct text text;
    double bare_sodium[ROUNDS_MAX], bare_b2[ROUNDS_MAX];
};

/* Applies one event; what came of it is mixed into the side's digest. */
static void apply(struct chain_bench *bench, struct side *side, uint8_t endpoint, const uint8_t *data, size_t size)
{
    struct assay_event event = {.endpoint = endpoint, .payload = {data, size}, .gas = PLENTY, .quota = PLENTY};
    struct assay_event_result result = {0};
    bench->good = side->level->apply(side->chain, &event, &result) == 0 && bench->good;
    side->digest = (side->digest ^ result.outcome ^ result.value ^ result.gas_used << 8) * UINT64_C(0x100000001b3);
}

static void begin(struct chain_bench *bench, struct side *side, const struct bytes *image)
{
    side->level->close(side->chain);
    side->chain = NULL;
    side->digest = 0;
    bench->good = side->level->genesis(ASSAY_REVISION_1, image->data, image->size, &side->chain) == 0 && bench->good;
}

/* Payloads of pseudo-random bytes until sigma is large. */
static void fill(struct chain_bench *bench, struct side *side)
{
    static uint8_t payload[FILL_PAYLOAD];
    uint64_t random = 1;
    struct assay_bytes state = {0};
    while (bench->good && state.size < LARGE) {
        for (size_t i = 0; i < sizeof payload; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            payload[i] = (uint8_t)(random >> 56);
        }
        payload[sizeof payload - 1] = 1;
        apply(bench, side, 1, payload, sizeof payload);
        bench->good = side->level->state(side->chain, &state) == 0 && bench->good;
    }
}

static double time_events(struct chain_bench *bench, struct side *side, uint64_t first, bool roots)
{
    double started = seconds_now();
    for (uint64_t n = first; n < first + bench->events && bench->good; n++) {
        uint8_t payload[PAYLOAD] = {0};
        memcpy(payload, &n, sizeof n);
        payload[PAYLOAD - 1] = 1;
        apply(bench, side, 0, payload, sizeof payload);
        if (roots) {
            bench->good = side->level->root(side->chain, side->root) == 0 && bench->good;
        }
    }
    return seconds_now() - started;
}

static void compare(struct chain_bench *bench, const char *row)
{
    for (size_t i = 0; i < bench->count && bench->good; i++) {
        struct side *side = &bench->side[i];
        bench->good = side->level->root(side->chain, side->root) == 0;
        if (side->digest != bench->side[0].digest || memcmp(side->root, bench->side[0].root, 32) != 0) {
            complain("bench-chain: %s: %s and %s differ in an outcome or in the root, so no time means anything", row,
                     bench->side[0].engine->name, side->engine->name);
            bench->good = false;
        }
    }
}

static void print_row(struct chain_bench *bench, const char *name, double work)
{
    double last = 0, first = 0;
    text_format(&bench->text, "%s{\"row\": \"%s\"", bench->text.size == 0 ? "" : ", ", name);
    if (!bench->as_json) {
        printf("%-22s", name);
    }
    for (size_t i = 0; i < bench->count; i++) {
        last = work / median(bench->side[i].seconds, bench->rounds);
        first = i == 0 ? last : first;
        text_format(&bench->text, ", \"%s_per_second\": %.1f", bench->side[i].engine->name, last);
        if (!bench->as_json) {
            printf(" %14.0f", last);
        }
    }
    text_format(&bench->text, ", \"ratio\": %.2f}", last / first);
    if (!bench->as_json) {
        printf("  %8.1f\n", last / first);
    }
}

/* A fresh chain a round, on which the events are timed; a large one is filled before. */
static void time_row(struct chain_bench *bench, const char *name, const struct bytes *image, bool large, bool roots)
{
    for (size_t i = 0; i < bench->count && large; i++) {
        begin(bench, &bench->side[i], image);
        fill(bench, &bench->side[i]);
    }
    for (uint64_t round = 0; round <= bench->rounds && bench->good; round++) {
        for (size_t i = 0; i < bench->count; i++) {
            struct side *side = &bench->side[i];
            if (!large) {
                begin(bench, side, image);
            }
            double seconds = time_events(bench, side, large ? round * bench->events : 0, roots);
            side->seconds[round == 0 ? 0 : round - 1] = seconds; /* the first round warms up */
        }
        compare(bench, name);
    }
    if (bench->good) {
        print_row(bench, name, (double)bench->events);
    }
}

static void hash_sodium(const struct assay_bytes *bytes, uint8_t digest[32])
{
    crypto_generichash(digest, 32, bytes->data, bytes->size, NULL, 0);
}

static void hash_b2(const struct assay_bytes *bytes, uint8_t digest[32])
{
    blake2b(digest, bytes->data, NULL, 32, bytes->size, 0);
}

static double time_bare(struct chain_bench *bench, const struct assay_bytes *bytes, const uint8_t root[32],
                        void (*hash)(const struct assay_bytes *bytes, uint8_t digest[32]))
{
    uint8_t digest[32];
    double started = seconds_now();
    for (int i = 0; i < ROOTS; i++) {
        hash(bytes, digest);
    }
    double seconds = (seconds_now() - started) / ROOTS;
    bench->good = memcmp(digest, root, 32) == 0 && bench->good;
    return seconds;
}

/* root() of the large state against a bare hash of the same bytes; the chains are those of the last row. */
static void time_root(struct chain_bench *bench)
{
    double sodium = 0, b2 = 0;
    for (uint64_t round = 0; round < bench->rounds && bench->good; round++) {
        for (size_t i = 0; i < bench->count; i++) {
            struct side *side = &bench->side[i];
            side->seconds[round] = 0;
            for (uint64_t k = 0; k < ROOTS; k++) {
                uint64_t payload = round * ROOTS + k + 1;
                apply(bench, side, 1, (const uint8_t *)&payload, sizeof payload); /* so that no root is remembered */
                double started = seconds_now();
                bench->good = side->level->root(side->chain, side->root) == 0 && bench->good;
                side->seconds[round] += (seconds_now() - started) / ROOTS;
            }
        }
        struct assay_bytes state = {0};
        bench->good = bench->side[0].level->state(bench->side[0].chain, &state) == 0 && bench->good;
        bench->bare_sodium[round] = time_bare(bench, &state, bench->side[0].root, hash_sodium);
        bench->bare_b2[round] = time_bare(bench, &state, bench->side[0].root, hash_b2);
        compare(bench, "root");
    }
    if (!bench->good) {
        return;
    }
    sodium = median(bench->bare_sodium, bench->rounds);
    b2 = median(bench->bare_b2, bench->rounds);
    text_format(&bench->text, ", {\"row\": \"root\", \"bare_libsodium_ms\": %.3f, \"bare_libb2_ms\": %.3f",
                sodium * 1e3, b2 * 1e3);
    if (!bench->as_json) {
        printf("\nroot of the large state: bare hash of its bytes %.2f ms (libsodium), %.2f ms (libb2)\n", sodium * 1e3,
               b2 * 1e3);
    }
    for (size_t i = 0; i < bench->count; i++) {
        struct side *side = &bench->side[i];
        double seconds = median(side->seconds, bench->rounds);
        bool uses_sodium = strcmp(side->engine->name, "ref") == 0;
        text_format(&bench->text, ", \"%s_ms\": %.3f, \"%s_to_bare\": %.3f", side->engine->name, seconds * 1e3,
                    side->engine->name, seconds / (uses_sodium ? sodium : b2));
        if (!bench->as_json) {
            printf("  %-8s %.2f ms, %.2f of %s\n", side->engine->name, seconds * 1e3,
                   seconds / (uses_sodium ? sodium : b2), uses_sodium ? "libsodium" : "libb2");
        }
    }
    text_raw(&bench->text, "}");
}

static int bench_all(struct chain_bench *bench, const struct bytes *image)
{
    if (!bench->as_json) {
        printf("%-22s", "events a second");
        for (size_t i = 0; i < bench->count; i++) {
            printf(" %14s", bench->side[i].engine->name);
        }
        printf("  last/first\n");
    }
    time_row(bench, "small", image, false, false);
    time_row(bench, "small, root each", image, false, true);
    uint64_t events = bench->events;
    bench->events = events / 10 + 1; /* ref copies all of a state for each event */
    time_row(bench, "10 MiB", image, true, false);
    time_root(bench);
    bench->events = events;
    if (bench->as_json && bench->good) {
        printf("{\"rounds\": %llu, \"rows\": [%s]}\n", (unsigned long long)bench->rounds, bench->text.data);
    }
    for (size_t i = 0; i < bench->count; i++) {
        bench->side[i].level->close(bench->side[i].chain);
    }
    text_free(&bench->text);
    return bench->good ? CODE_AGREED : CODE_DIFFERED;
}

static int run(int argument_count, char **arguments)
{
    const char *engine[ENGINE_MAX] = {NULL}, *rounds = NULL, *events = NULL, *json = NULL;
    const struct option option[] = {
        {"--engine", "PATH", "an engine with the chain level; up to four", engine, engine + ENGINE_MAX},
        {"--rounds", "N", "interleaved rounds, 7 to 101 (7)", &rounds, NULL},
        {"--events", "N", "events of a round (1000)", &events, NULL},
        {"--json", NULL, "one JSON object instead of the table", &json, NULL},
    };
    int left = options_read(&command_bench_chain, option, sizeof option / sizeof *option, argument_count, arguments);
    if (left < 0) {
        return left == -2 ? CODE_AGREED : CODE_USAGE;
    }
    static struct chain_bench bench;
    bench = (struct chain_bench){.rounds = 7, .events = 1000, .good = true, .as_json = json != NULL};
    if (engine[0] == NULL || left != 1) {
        complain("bench-chain: give --engine and one Image; see assay-native bench-chain --help");
        return CODE_USAGE;
    }
    if (!option_number("--rounds", rounds, ROUNDS_MAX, &bench.rounds) ||
        !option_number("--events", events, 1000000, &bench.events) || bench.rounds < 7 || bench.events == 0) {
        complain("bench-chain: --rounds must be 7 to 101 and --events at least 1");
        return CODE_USAGE;
    }
    struct bytes image;
    struct json_error error;
    if (!vector_read_file(arguments[0], &image, &error)) {
        complain("bench-chain: %s: %s", arguments[0], error.message);
        return CODE_VECTORS;
    }
    for (; bench.count < ENGINE_MAX && engine[bench.count] != NULL; bench.count++) {
        struct side *side = &bench.side[bench.count];
        side->engine = engine_load(engine[bench.count]);
        side->level = side->engine == NULL ? NULL : engine_level(side->engine, ENGINE_CHAIN);
        if (side->level == NULL) {
            complain("bench-chain: %s: the engine cannot be loaded or lacks the chain level", engine[bench.count]);
            free(image.data);
            return CODE_ENGINE;
        }
    }
    int code = bench_all(&bench, &image);
    free(image.data);
    return code;
}

const struct command command_bench_chain = {
    .name = "bench-chain",
    .arguments = "IMAGE",
    .summary = "time events and state roots of chains",
    .help = "Endpoint 0 of the Image does an event's work, endpoint 1 halts at once. Times events on\n"
            "a small state, with and without a root after each, and on one of 10 MiB, then the root\n"
            "of that state beside a bare hash of its bytes. A row is printed only if all engines\n"
            "agree on outcomes and roots.\n\n"
            "Exit code: 0 all agree, 1 they do not, 2 usage, 3 the Image cannot be read, 4 an engine\n"
            "cannot be loaded.",
    .run = run,
};
