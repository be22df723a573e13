/* Random programs as a whole: code of either shape, jump table, pages, a budget of gas and an entry. */
#include "random.h"

#include <string.h>

enum { PAGE_MAX = 8 };

static void make_pages(struct arena *arena, struct random *random, struct assay_program *program)
{
    struct assay_page *page = arena_list(arena, PAGE_MAX, sizeof *page);
    size_t count = 0;
    for (size_t i = 0; i < RANDOM_PAGES && count < PAGE_MAX; i++) {
        if (!(i < 2 ? !random_chance(random, 16) : random_chance(random, 4))) {
            continue;
        }
        size_t size = random_chance(random, 16) ? PAGE_BYTES : random_below(random, 65);
        uint8_t *data = arena_take(arena, size);
        for (size_t k = 0; k < size; k++) {
            data[k] = (uint8_t)random_next(random);
        }
        page[count++] = (struct assay_page){
            .address = random_page[i],
            .access = i == 0 || !random_chance(random, 3) ? ASSAY_ACCESS_RW : ASSAY_ACCESS_RO,
            .data = data,
            .size = size,
        };
    }
    for (size_t i = 1; i < count; i++) { /* ascending, as vector files have them */
        for (size_t k = i; k > 0 && page[k].address < page[k - 1].address; k--) {
            struct assay_page other = page[k];
            page[k] = page[k - 1];
            page[k - 1] = other;
        }
    }
    if (count > 0 && random_chance(random, 128)) { /* refused: given twice, or misaligned */
        page[count - 1].address =
            random_chance(random, 2) && count > 1 ? page[count - 2].address : page[count - 1].address + 8;
    }
    program->page = page;
    program->page_count = count;
}

static void make_blob(struct arena *arena, struct random *random, const struct draft *draft,
                      struct assay_program *program)
{
    uint32_t table[RANDOM_TABLE_MAX];
    size_t table_size = random_below(random, random_chance(random, 4) ? 8 : RANDOM_TABLE_MAX + 1);
    unsigned entry_size = (unsigned)(1 + random_below(random, 4));
    for (size_t i = 0; i < table_size; i++) {
        bool is_block = draft->block_count > 0 && !random_chance(random, 10);
        table[i] = is_block ? draft->block[random_below(random, draft->block_count)]
                            : (uint32_t)random_below(random, draft->code_size + 4);
        table[i] = random_chance(random, 64) ? (uint32_t)random_next(random) : table[i];
    }
    struct bytes blob = encode_blob(arena, draft->code, draft->start, draft->code_size, table, table_size, entry_size);
    program->blob = blob.data;
    program->blob_size = blob.size;
}

/* A budget that a loop exhausts soon; a larger one only where nothing loops or `until` ends it. */
static void make_gas(struct random *random, const struct draft *draft, struct random_program *made)
{
    static const uint64_t huge[] = {UINT64_MAX,        UINT64_MAX - 1, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1,
                                    UINT64_C(1) << 32, UINT32_MAX,     UINT64_C(1) << 62};
    switch (random_below(random, 8)) {
    case 0:
        made->start.gas = random_below(random, 40);
        break;
    case 1:
        made->start.gas = 2000 + random_below(random, 10000);
        break;
    case 2:
        made->start.gas = huge[random_below(random, sizeof huge / sizeof *huge)];
        if (!draft->forward) {
            made->until.blocks = 1 + random_below(random, 300);
        }
        break;
    default:
        made->start.gas = 300 + random_below(random, 4000);
        break;
    }
}

static uint64_t make_entry(struct random *random, const struct draft *draft, bool regular)
{
    static const uint64_t odd[] = {UINT64_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63};
    if (!random_chance(random, regular ? 8 : 6)) {
        return 0;
    }
    if (draft->block_count > 0 && !random_chance(random, 4)) {
        return draft->block[random_below(random, draft->block_count)];
    }
    return random_chance(random, 4) ? odd[random_below(random, 3)] : random_below(random, draft->code_size + 2);
}

void random_make(struct arena *arena, uint64_t seed, uint64_t index, enum shape shape, struct random_program *made)
{
    struct random random = {seed};
    random.state = random_next(&random) ^ (index * UINT64_C(0xd1342543de82ef95) + 1);
    *made = (struct random_program){.shape = shape};
    if (shape == SHAPE_MIXED) {
        made->shape = random_chance(&random, 2) ? SHAPE_REGULAR : SHAPE_IRREGULAR;
    }
    bool regular = made->shape == SHAPE_REGULAR;
    random.state ^= regular ? 0 : UINT64_C(0xa5a5a5a5a5a5a5a5);
    struct draft *draft = arena_take(arena, sizeof *draft);
    if (regular) {
        random_regular_code(&random, draft);
    } else {
        random_irregular_code(&random, draft);
    }
    make_blob(arena, &random, draft, &made->program);
    if (!regular && random_chance(&random, 16)) {
        struct bytes blob = {arena_take(arena, made->program.blob_size + 1), made->program.blob_size};
        memcpy(blob.data, made->program.blob, blob.size);
        random_damage_blob(&random, &blob);
        made->program.blob = blob.data;
        made->program.blob_size = blob.size;
    }
    make_pages(arena, &random, &made->program);
    made->program.mem_cycles = (uint32_t)(25 * (1 + random_below(&random, 4)));
    if (random_chance(&random, 256)) {
        made->program.mem_cycles = (uint32_t)random_below(&random, 130);
    }
    made->start.pc = make_entry(&random, draft, regular);
    make_gas(&random, draft, made);
    random_registers(&random, made->start.reg);
    made->plan.state = random_next(&random);
}
