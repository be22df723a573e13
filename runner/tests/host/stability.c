/*
 * Many events in one process: stability LIBRARY SYMBOL EVENTS IMAGES SEED. Random Images, a chain of each at a time; a
 * tenth of the events on, memory and mappings of the process are read and printed, a line each: events, KiB, mappings.
 */
#include "host.h"

enum { READINGS = 10, CODE_MAX = 2048, PAYLOADS = 8 };

static uint64_t state;

static uint64_t draw(uint64_t below)
{
    state += 0x9e3779b97f4a7c15;
    uint64_t x = state;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) % below;
}

/* load_imm_64 to a register that operations read; small values are slots, others are addresses of mapped pages. */
static void put_register(struct bytes *code, uint8_t number)
{
    put_number(code, 20, 1);
    put_number(code, number, 1);
    put_number(code, draw(3) == 0 ? 0x10000 + 0x100 * draw(64) : draw(80), 8);
}

/* An operation of the kernel: its operands, then ecalli. */
static void put_operation(struct bytes *code, size_t *start, size_t *count)
{
    for (uint8_t number = 7; number <= 10; number++) {
        start[(*count)++] = code->size;
        put_register(code, number);
    }
    start[(*count)++] = code->size;
    put_number(code, 10, 1);
    put_number(code, draw(27), 4);
}

/* Operations, stores to pages that are there and bytes of no meaning, and at the end an answer. */
static struct bytes random_blob(void)
{
    struct bytes code = {0};
    uint8_t mask[CODE_MAX / 4] = {0};
    size_t start[CODE_MAX], count = 0, length = 1 + draw(20);
    start[count++] = code.size;
    put_number(&code, 1, 1); /* fallthrough, where the endpoint is */
    for (size_t i = 0; i < length; i++) {
        if (draw(8) == 0) {
            start[count++] = code.size;
            put_number(&code, draw(256), 1);
            put_number(&code, draw(UINT64_MAX), draw(4));
        } else if (draw(2) == 0) {
            start[count++] = code.size;
            put_number(&code, 61, 1); /* store_u32 */
            put_number(&code, draw(13), 1);
            put_number(&code, 0x10000 + draw(0x4000), 4);
        } else {
            put_operation(&code, start, &count);
        }
    }
    start[count++] = code.size;
    put_number(&code, 10, 5);
    NEED(code.size <= CODE_MAX);
    for (size_t i = 0; i < count; i++) {
        mask[start[i] / 8] |= (uint8_t)(1u << start[i] % 8);
    }
    struct bytes blob = blob_of(code.data, code.size, mask);
    free(code.data);
    return blob;
}

static struct assay_chain *random_chain(const struct assay_engine *engine)
{
    struct bytes blob = random_blob();
    uint32_t mappings = (uint32_t)draw(12);
    struct bytes image = image_of(&blob, mappings, 16, 1 + draw(3), 1);
    struct assay_chain *chain;
    NEED(engine->chain->genesis(ASSAY_REVISION_1, image.data, image.size, &chain) == 0);
    free(image.data);
    free(blob.data);
    return chain;
}

static void random_event(const struct assay_engine *engine, struct assay_chain *chain)
{
    static const uint8_t byte[4096] = {1, 2, 3};
    struct assay_event event = {
        .endpoint = (uint8_t)(draw(16) == 0),
        .payload = {byte, 512 * draw(PAYLOADS)},
        .gas = 1 + draw(20000),
        .quota = draw(100000),
    };
    struct assay_event_result result;
    uint8_t root[32];
    NEED(engine->chain->apply(chain, &event, &result) == 0);
    NEED(draw(16) != 0 || engine->chain->root(chain, root) == 0);
}

static void print_reading(uint64_t events)
{
    printf("%llu %ld %d\n", (unsigned long long)events, resident_kib(), mappings());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    NEED(argc == 6);
    const struct assay_engine *engine = engine_at(argv[1], argv[2]);
    uint64_t events = strtoull(argv[3], NULL, 10), images = strtoull(argv[4], NULL, 10);
    NEED(images != 0 && events >= images);
    state = strtoull(argv[5], NULL, 10);
    uint64_t each = events / images, next = events / READINGS;
    struct assay_chain *chain = NULL;
    for (uint64_t done = 0; done < events; done++) {
        if (done % each == 0) {
            if (chain != NULL) {
                engine->chain->close(chain);
            }
            chain = random_chain(engine);
        }
        random_event(engine, chain);
        if (done + 1 == next) {
            print_reading(done + 1);
            next += events / READINGS;
        }
    }
    engine->chain->close(chain);
    return 0;
}
