/*
 * Random programs: the parts that both shapes share, registers, pages, jump tables and budgets
 * of gas.
 *
 * Registers r9 to r12 are kept for addresses: r9 holds a dynamic jump address, r10 to r12 page
 * addresses. Code of the regular shape prefers them where it needs an address, so that programs
 * run for a while.
 */
#include "random.h"

#include <string.h>

enum { TABLE_MAX = 16, PAGE_MAX = 8 };

uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

bool random_chance(struct random *random, unsigned one_in)
{
    return random_below(random, one_in) == 0;
}

static const uint32_t page_address[] = {0x10000, 0x11000,    0x12000,    0x20000,    0x0,
                                        0x1000,  0x7ffff000, 0x80000000, 0xffffe000, 0xfffff000};

enum { PAGE_POOL = sizeof page_address / sizeof *page_address };

/* An address on or just beside one of the pages that programs are given. */
static uint64_t near_page(struct random *random)
{
    static const int offset[] = {0, 1, 8, 100, 2048, 4088, 4089, 4092, 4095, 4096, -1, -4};
    uint64_t base = page_address[random_chance(random, 3) ? random_below(random, PAGE_POOL) : random_below(random, 4)];
    return base + (uint64_t)(int64_t)offset[random_below(random, sizeof offset / sizeof *offset)];
}

uint64_t random_edge(struct random *random)
{
    static const uint64_t edge[] = {
        0,
        1,
        2,
        3,
        7,
        31,
        32,
        33,
        63,
        64,
        65,
        127,
        128,
        255,
        256,
        0x7fff,
        0x8000,
        0xffff,
        0x10000,
        0x7fffffff,
        0x80000000,
        0x80000001,
        0xffffffff,
        0x100000000,
        0x100000001,
        0x7fffffff00000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0x8000000000000001,
        0xffffffff00000000,
        0xffffffff7fffffff,
        0xffffffff80000000,
        0xffffffff80000001,
        0xffffffffffff8000,
        0xffffffffffffff80,
        0xffffffffffffffe0,
        0xfffffffffffffffe,
        0xffffffffffffffff,
    };
    switch (random_below(random, 8)) {
    case 0:
        return random_next(random);
    case 1:
        return random_next(random) >> random_below(random, 64);
    case 2:
        return near_page(random);
    case 3:
        return random_below(random, 2 * TABLE_MAX);
    default:
        return edge[random_below(random, sizeof edge / sizeof *edge)];
    }
}

void random_registers(struct random *random, uint64_t reg[ASSAY_REGISTER_COUNT])
{
    for (size_t i = 0; i < ASSAY_REGISTER_COUNT; i++) {
        reg[i] = random_edge(random);
    }
    if (!random_chance(random, 8)) {
        reg[9] = 2 + 2 * random_below(random, 4);
        reg[10] = 0x10000 + 8 * random_below(random, 256);
        reg[11] = near_page(random);
        reg[12] = random_chance(random, 2) ? 0x11000 : near_page(random);
    }
}

static void make_pages(struct arena *arena, struct random *random, struct assay_program *program)
{
    struct assay_page *page = arena_list(arena, PAGE_MAX, sizeof *page);
    size_t count = 0;
    for (size_t i = 0; i < PAGE_POOL && count < PAGE_MAX; i++) {
        if (!(i < 2 ? !random_chance(random, 16) : random_chance(random, 4))) {
            continue;
        }
        size_t size = random_chance(random, 16) ? PAGE_BYTES : random_below(random, 65);
        uint8_t *data = arena_take(arena, size);
        for (size_t k = 0; k < size; k++) {
            data[k] = (uint8_t)random_next(random);
        }
        page[count++] = (struct assay_page){
            .address = page_address[i],
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
    uint32_t table[TABLE_MAX];
    size_t table_size = random_below(random, random_chance(random, 4) ? 8 : TABLE_MAX + 1);
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
