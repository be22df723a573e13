/*
 * Random numbers, and the values that programs begin with.
 *
 * Registers r9 to r12 are kept for addresses: r9 holds a dynamic jump address, r10 to r12 page
 * addresses. Code of the regular shape prefers them where it needs an address, so that programs
 * run for a while.
 */
#include "random.h"

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

const uint32_t random_page[RANDOM_PAGES] = {0x10000, 0x11000,    0x12000,    0x20000,    0x0,
                                            0x1000,  0x7ffff000, 0x80000000, 0xffffe000, 0xfffff000};
/* An address on or just beside one of the pages that programs are given. */
static uint64_t near_page(struct random *random)
{
    static const int offset[] = {0, 1, 8, 100, 2048, 4088, 4089, 4092, 4095, 4096, -1, -4};
    uint64_t base =
        random_page[random_chance(random, 3) ? random_below(random, RANDOM_PAGES) : random_below(random, 4)];
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
        return random_below(random, UINT64_C(2) * RANDOM_TABLE_MAX);
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
