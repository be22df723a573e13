/*
 * A machine inside the machine: a stack machine whose byte codes are dispatched by a switch, as a jump table.
 * It runs three programs: a loop that sums squares, a recursive factorial modulo a prime, and the Collatz
 * sequence.
 */
#include "common/program.h"

enum op {
    PUSH,
    ADD,
    SUB,
    MUL,
    MOD,
    DUP,
    SWAP,
    OVER,
    DROP,
    JUMP,
    JUMP_IF,
    CALL,
    RETURN,
    LESS,
    EQUAL,
    AND,
    SHIFT,
    LOAD,
    STORE,
    HALT
};

enum { STACK = 64, CALLS = 64, CELLS = 8 };

struct machine {
    const uint8_t *code;
    uint64_t stack[STACK], cell[CELLS];
    uint32_t call[CALLS];
    uint32_t pc, depth, calls;
    uint64_t steps;
};

/* v[0] below the top, and the top. */
static inline uint64_t *two(struct machine *m)
{
    return &m->stack[(m->depth - 2) % STACK];
}

static uint64_t execute(struct machine *m)
{
    for (;;) {
        enum op op = (enum op)m->code[m->pc++];
        m->steps++;
        switch (op) {
        case PUSH:
            m->stack[m->depth++ % STACK] = m->code[m->pc] | (uint64_t)m->code[m->pc + 1] << 8;
            m->pc += 2;
            break;
        case ADD:
            two(m)[0] += two(m)[1];
            m->depth--;
            break;
        case SUB:
            two(m)[0] -= two(m)[1];
            m->depth--;
            break;
        case MUL:
            two(m)[0] *= two(m)[1];
            m->depth--;
            break;
        case MOD:
            two(m)[0] %= two(m)[1] | 1;
            m->depth--;
            break;
        case DUP:
            m->stack[m->depth % STACK] = m->stack[(m->depth - 1) % STACK];
            m->depth++;
            break;
        case SWAP: {
            uint64_t kept = two(m)[0];
            two(m)[0] = two(m)[1];
            two(m)[1] = kept;
            break;
        }
        case OVER:
            m->stack[m->depth % STACK] = two(m)[0];
            m->depth++;
            break;
        case DROP:
            m->depth--;
            break;
        case JUMP:
            m->pc = m->code[m->pc];
            break;
        case JUMP_IF:
            m->pc = m->stack[--m->depth % STACK] != 0 ? m->code[m->pc] : m->pc + 1;
            break;
        case CALL:
            m->call[m->calls++ % CALLS] = m->pc + 1;
            m->pc = m->code[m->pc];
            break;
        case RETURN:
            m->pc = m->call[--m->calls % CALLS];
            break;
        case LESS:
            two(m)[0] = two(m)[0] < two(m)[1];
            m->depth--;
            break;
        case EQUAL:
            two(m)[0] = two(m)[0] == two(m)[1];
            m->depth--;
            break;
        case AND:
            two(m)[0] &= two(m)[1];
            m->depth--;
            break;
        case SHIFT:
            two(m)[0] >>= two(m)[1] & 63;
            m->depth--;
            break;
        case LOAD:
            m->stack[m->depth++ % STACK] = m->cell[m->code[m->pc++] % CELLS];
            break;
        case STORE:
            m->cell[m->code[m->pc++] % CELLS] = m->stack[--m->depth % STACK];
            break;
        case HALT:
            return m->stack[(m->depth - 1) % STACK];
        default:
            return UINT64_MAX;
        }
    }
}

/* cell 0 is n, cell 1 the sum: the sum of k * k for k from n down to 1. */
static const uint8_t squares[] = {
    PUSH, 0, 0,    STORE, 1,                                            /* 0 */
    LOAD, 0, PUSH, 0,     0,   EQUAL, JUMP_IF, 31,                      /* 5 */
    LOAD, 1, LOAD, 0,     DUP, MUL,   ADD,     STORE, 1,                /* 13 */
    LOAD, 0, PUSH, 1,     0,   SUB,   STORE,   0,     JUMP, 5 /* 22 */, /* 30 is the operand of JUMP */
};

static const uint8_t squares_end[] = {LOAD, 1, HALT};

/* On the stack n; gives n! modulo 65,521 by recursion. */
static const uint8_t factorial[] = {
    LOAD,   0,    CALL, 5, HALT,                                            /* 0 */
    DUP,    PUSH, 2,    0, LESS,   JUMP_IF, 25,                             /* 5 */
    DUP,    PUSH, 1,    0, SUB,    CALL,    5,  MUL, PUSH, 0xf1, 0xff, MOD, /* 12 */
    RETURN,                                                                 /* 24 */
    DROP,   PUSH, 1,    0, RETURN,                                          /* 25 */
};

/* cell 0 is n; gives how many steps of Collatz lead to 1. */
static const uint8_t collatz[] = {
    PUSH, 0, 0,    STORE, 1,                                                   /* 0 */
    LOAD, 0, PUSH, 1,     0, EQUAL, JUMP_IF, 53,                               /* 5 */
    LOAD, 1, PUSH, 1,     0, ADD,   STORE,   1,                                /* 13 */
    LOAD, 0, PUSH, 1,     0, AND,   JUMP_IF, 39,                               /* 21 */
    LOAD, 0, PUSH, 1,     0, SHIFT, STORE,   0,  JUMP, 5,                      /* 29 */
    LOAD, 0, PUSH, 3,     0, MUL,   PUSH,    1,  0,    ADD, STORE, 0, JUMP, 5, /* 39 */
    LOAD, 1, HALT,                                                             /* 53 */
};

static uint8_t joined[sizeof squares + sizeof squares_end];

static uint64_t play(uint64_t test, uint64_t n, uint64_t *steps)
{
    struct machine m = {.cell = {n}};
    for (size_t i = 0; i < sizeof squares; i++) {
        joined[i] = squares[i];
    }
    for (size_t i = 0; i < sizeof squares_end; i++) {
        joined[sizeof squares + i] = squares_end[i];
    }
    m.code = test == 0 ? joined : test == 1 ? factorial : collatz;
    uint64_t result = execute(&m);
    *steps += m.steps;
    return result;
}

RUN(test, iterations)
{
    uint64_t digest = MIX_START, steps = 0;
    for (uint64_t i = 0; i < iterations; i++) {
        digest = mix(digest, play(test % 3, test % 3 == 1 ? 40 : 1000 + i, &steps));
    }
    return mix(digest, steps);
}

SELF_TEST()
{
    uint64_t steps = 0;
    if (play(0, 100, &steps) != 338350) {
        return 1;
    }
    if (play(1, 8, &steps) != 40320) {
        return 2;
    }
    return play(2, 27, &steps) != 111 ? 3 : 0;
}
