/*
 * Recovering the signer of an ECDSA signature on secp256k1: the last 20 bytes of Keccak-256 of the public
 * key. Numbers are four words; a product is folded at 2^256, which is a small number modulo either modulus.
 */
#include "common/keccak256.h"

struct number {
    uint64_t word[4];
};

/* m, and 2^256 - m, which has three words. */
struct modulus {
    struct number m;
    uint64_t fold[3];
};

static const struct modulus field = {
    {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}},
    {0x1000003d1, 0, 0},
};

static const struct modulus order = {
    {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}},
    {0x402da1732fc9bebf, 0x4551231950b75fc4, 1},
};

struct jacobian {
    struct number x, y, z; /* z = 0: the point at infinity */
};

static const struct jacobian generator = {
    {{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}},
    {{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465}},
    {{1, 0, 0, 0}},
};

static int is_zero(const struct number *a)
{
    return (a->word[0] | a->word[1] | a->word[2] | a->word[3]) == 0;
}

static int is_below(const struct number *a, const struct number *b)
{
    for (int i = 3; i >= 0; i--) {
        if (a->word[i] != b->word[i]) {
            return a->word[i] < b->word[i];
        }
    }
    return 0;
}

/* a + b; the carry out. */
static uint64_t plus(struct number *sum, const struct number *a, const struct number *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < 4; i++) {
        wide part = (wide)a->word[i] + b->word[i] + carry;
        sum->word[i] = (uint64_t)part;
        carry = (uint64_t)(part >> 64);
    }
    return carry;
}

static void minus(struct number *difference, const struct number *a, const struct number *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        wide part = (wide)a->word[i] - b->word[i] - borrow;
        difference->word[i] = (uint64_t)part;
        borrow = (uint64_t)(part >> 64) & 1;
    }
}

static struct number add(const struct number *a, const struct number *b, const struct modulus *m)
{
    struct number r;
    if (plus(&r, a, b) != 0 || !is_below(&r, &m->m)) {
        minus(&r, &r, &m->m);
    }
    return r;
}

static struct number subtract(const struct number *a, const struct number *b, const struct modulus *m)
{
    struct number r;
    if (is_below(a, b)) {
        struct number lifted;
        minus(&lifted, &m->m, b);
        return add(a, &lifted, m);
    }
    minus(&r, a, b);
    return r;
}

/* low + high * 2^256 becomes low + high * fold, until high is 0. */
static struct number reduce(uint64_t product[8], const struct modulus *m)
{
    int words = m->fold[2] != 0 ? 3 : 1;
    while ((product[4] | product[5] | product[6] | product[7]) != 0) {
        uint64_t high[4] = {product[4], product[5], product[6], product[7]};
        product[4] = product[5] = product[6] = product[7] = 0;
        for (int i = 0; i < words; i++) {
            uint64_t carry = 0;
            for (int k = 0; k < 4; k++) {
                wide part = (wide)high[k] * m->fold[i] + product[i + k] + carry;
                product[i + k] = (uint64_t)part;
                carry = (uint64_t)(part >> 64);
            }
            for (int k = i + 4; carry != 0 && k < 8; k++) {
                wide part = (wide)product[k] + carry;
                product[k] = (uint64_t)part;
                carry = (uint64_t)(part >> 64);
            }
        }
    }
    struct number r = {{product[0], product[1], product[2], product[3]}};
    if (!is_below(&r, &m->m)) {
        minus(&r, &r, &m->m);
    }
    return r;
}

static struct number multiply(const struct number *a, const struct number *b, const struct modulus *m)
{
    uint64_t product[8] = {0};
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 4; k++) {
            wide part = (wide)a->word[i] * b->word[k] + product[i + k] + carry;
            product[i + k] = (uint64_t)part;
            carry = (uint64_t)(part >> 64);
        }
        product[i + 4] = carry;
    }
    return reduce(product, m);
}

static struct number power(const struct number *base, const struct number *exponent, const struct modulus *m)
{
    struct number r = {{1, 0, 0, 0}};
    for (int i = 255; i >= 0; i--) {
        r = multiply(&r, &r, m);
        if ((exponent->word[i / 64] >> i % 64 & 1) != 0) {
            r = multiply(&r, base, m);
        }
    }
    return r;
}

static struct number inverse(const struct number *a, const struct modulus *m)
{
    static const struct number two = {{2, 0, 0, 0}};
    struct number exponent;
    minus(&exponent, &m->m, &two);
    return power(a, &exponent, m);
}

static struct jacobian point_double(const struct jacobian *p)
{
    struct number a = multiply(&p->x, &p->x, &field), b = multiply(&p->y, &p->y, &field), c = multiply(&b, &b, &field);
    struct number d = add(&p->x, &b, &field), e = add(&a, &a, &field), f;
    d = multiply(&d, &d, &field);
    d = subtract(&d, &a, &field);
    d = subtract(&d, &c, &field);
    d = add(&d, &d, &field);
    e = add(&e, &a, &field);
    f = multiply(&e, &e, &field);
    struct jacobian r;
    r.x = subtract(&f, &d, &field);
    r.x = subtract(&r.x, &d, &field);
    c = add(&c, &c, &field);
    c = add(&c, &c, &field);
    c = add(&c, &c, &field);
    d = subtract(&d, &r.x, &field);
    r.y = multiply(&e, &d, &field);
    r.y = subtract(&r.y, &c, &field);
    r.z = multiply(&p->y, &p->z, &field);
    r.z = add(&r.z, &r.z, &field);
    return r;
}

static struct jacobian point_add(const struct jacobian *p, const struct jacobian *q)
{
    if (is_zero(&p->z)) {
        return *q;
    }
    if (is_zero(&q->z)) {
        return *p;
    }
    struct number zp = multiply(&p->z, &p->z, &field), zq = multiply(&q->z, &q->z, &field);
    struct number up = multiply(&p->x, &zq, &field), uq = multiply(&q->x, &zp, &field);
    struct number sp = multiply(&p->y, &zq, &field), sq = multiply(&q->y, &zp, &field);
    sp = multiply(&sp, &q->z, &field);
    sq = multiply(&sq, &p->z, &field);
    struct number h = subtract(&uq, &up, &field), s = subtract(&sq, &sp, &field);
    if (is_zero(&h)) {
        return is_zero(&s) ? point_double(p) : (struct jacobian){.z = {{0, 0, 0, 0}}};
    }
    struct number h2 = multiply(&h, &h, &field), h3 = multiply(&h2, &h, &field), v = multiply(&up, &h2, &field);
    struct jacobian r;
    r.x = multiply(&s, &s, &field);
    r.x = subtract(&r.x, &h3, &field);
    r.x = subtract(&r.x, &v, &field);
    r.x = subtract(&r.x, &v, &field);
    v = subtract(&v, &r.x, &field);
    r.y = multiply(&s, &v, &field);
    h3 = multiply(&sp, &h3, &field);
    r.y = subtract(&r.y, &h3, &field);
    r.z = multiply(&p->z, &q->z, &field);
    r.z = multiply(&r.z, &h, &field);
    return r;
}

/* a * p + b * q */
static struct jacobian combine(const struct number *a, const struct jacobian *p, const struct number *b,
                               const struct jacobian *q)
{
    struct jacobian r = {.z = {{0, 0, 0, 0}}}, both = point_add(p, q);
    for (int i = 255; i >= 0; i--) {
        int bit_a = a->word[i / 64] >> i % 64 & 1, bit_b = b->word[i / 64] >> i % 64 & 1;
        r = point_double(&r);
        if (bit_a && bit_b) {
            r = point_add(&r, &both);
        } else if (bit_a || bit_b) {
            r = point_add(&r, bit_a ? p : q);
        }
    }
    return r;
}

static struct number load(const uint8_t bytes[32])
{
    struct number r;
    for (int i = 0; i < 4; i++) {
        r.word[3 - i] = (uint64_t)load_be32(bytes + 8 * i) << 32 | load_be32(bytes + 8 * i + 4);
    }
    return r;
}

static void store(uint8_t bytes[32], const struct number *a)
{
    for (int i = 0; i < 4; i++) {
        store_be32(bytes + 8 * i, (uint32_t)(a->word[3 - i] >> 32));
        store_be32(bytes + 8 * i + 4, (uint32_t)a->word[3 - i]);
    }
}

/* The point with this x and an odd or even y; false when there is none. */
static int lift(struct jacobian *p, const struct number *x, int odd)
{
    static const struct number seven = {{7, 0, 0, 0}};
    static const struct number root = {
        {0xffffffffbfffff0c, 0xffffffffffffffff, 0xffffffffffffffff, 0x3fffffffffffffff}};
    struct number square = multiply(x, x, &field);
    square = multiply(&square, x, &field);
    square = add(&square, &seven, &field);
    struct number y = power(&square, &root, &field), check = multiply(&y, &y, &field);
    check = subtract(&check, &square, &field);
    if (!is_zero(&check)) {
        return 0;
    }
    if ((int)(y.word[0] & 1) != odd) {
        minus(&y, &field.m, &y);
    }
    *p = (struct jacobian){*x, y, {{1, 0, 0, 0}}};
    return 1;
}

struct signature {
    uint8_t hash[32], r[32], s[32];
    uint8_t odd; /* whether y of R is */
    uint8_t address[20];
};

/* The signer's address; false when the signature is none. */
static int recover(const struct signature *signature, uint8_t address[20])
{
    struct number z = load(signature->hash), r = load(signature->r), s = load(signature->s);
    struct jacobian point;
    if (is_zero(&r) || is_zero(&s) || !is_below(&r, &order.m) || !is_below(&s, &order.m) ||
        !lift(&point, &r, signature->odd)) {
        return 0;
    }
    if (!is_below(&z, &order.m)) {
        minus(&z, &z, &order.m);
    }
    static const struct number zero;
    struct number over = inverse(&r, &order), u1 = subtract(&zero, &z, &order), u2;
    u1 = multiply(&u1, &over, &order);
    u2 = multiply(&s, &over, &order);
    struct jacobian q = combine(&u1, &generator, &u2, &point);
    if (is_zero(&q.z)) {
        return 0;
    }
    struct number zi = inverse(&q.z, &field), zi2 = multiply(&zi, &zi, &field), x = multiply(&q.x, &zi2, &field), y;
    zi2 = multiply(&zi2, &zi, &field);
    y = multiply(&q.y, &zi2, &field);
    uint8_t key[64], digest[32];
    store(key, &x);
    store(key + 32, &y);
    keccak256(key, 64, digest);
    memcpy(address, digest + 12, 20);
    return 1;
}

/* The first is a well-known one; the others were made with the keys 1, n - 1 and 0xc0ffee * 2^100. */
static const struct signature known[] = {
    {.hash = {0x45, 0x6e, 0x9a, 0xea, 0x5e, 0x19, 0x7a, 0x1f, 0x1a, 0xf7, 0xa3, 0xe8, 0x5a, 0x32, 0x12, 0xfa,
              0x40, 0x49, 0xa3, 0xba, 0x34, 0xc2, 0x28, 0x9b, 0x4c, 0x86, 0x0f, 0xc0, 0xb0, 0xc6, 0x4e, 0xf3},
     .r = {0x92, 0x42, 0x68, 0x5b, 0xf1, 0x61, 0x79, 0x3c, 0xc2, 0x56, 0x03, 0xc2, 0x31, 0xbc, 0x2f, 0x56,
           0x8e, 0xb6, 0x30, 0xea, 0x16, 0xaa, 0x13, 0x7d, 0x26, 0x64, 0xac, 0x80, 0x38, 0x82, 0x56, 0x08},
     .s = {0x4f, 0x8a, 0xe3, 0xbd, 0x75, 0x35, 0x24, 0x8d, 0x0b, 0xd4, 0x48, 0x29, 0x8c, 0xc2, 0xe2, 0x07,
           0x1e, 0x56, 0x99, 0x2d, 0x07, 0x74, 0xdc, 0x34, 0x0c, 0x36, 0x8a, 0xe9, 0x50, 0x85, 0x2a, 0xda},
     .odd = 1,
     .address = {0x71, 0x56, 0x52, 0x6f, 0xbd, 0x7a, 0x3c, 0x72, 0x96, 0x9b,
                 0x54, 0xf6, 0x4e, 0x42, 0xc1, 0x0f, 0xbb, 0x76, 0x8c, 0x8a}},
    {.hash = {0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f, 0xc7, 0xd4, 0x7b, 0xa8, 0x26, 0xc8, 0xd6, 0x67,
              0xc0, 0xd1, 0xe6, 0xe3, 0x3a, 0x64, 0xa0, 0x36, 0xec, 0x44, 0xf5, 0x8f, 0xa1, 0x2d, 0x6c, 0x45},
     .r = {0xda, 0x95, 0x0a, 0xb5, 0x30, 0xc6, 0xe1, 0x73, 0x62, 0x4a, 0x0d, 0x7e, 0xbb, 0xf8, 0x56, 0x1c,
           0x6a, 0x36, 0xc2, 0x14, 0x52, 0x6d, 0x76, 0x1f, 0xf4, 0x5d, 0x02, 0x99, 0x69, 0x0c, 0xcf, 0x24},
     .s = {0xfc, 0xcc, 0x01, 0xc1, 0xd5, 0x1f, 0x9d, 0x97, 0x07, 0x5a, 0x10, 0xb9, 0x4a, 0x1c, 0x45, 0xdd,
           0x16, 0x64, 0x9a, 0x5e, 0x57, 0xcf, 0x6d, 0x0d, 0x4a, 0x22, 0x4e, 0x22, 0xd5, 0x93, 0x7e, 0x29},
     .odd = 1,
     .address = {0x7e, 0x5f, 0x45, 0x52, 0x09, 0x1a, 0x69, 0x12, 0x5d, 0x5d,
                 0xfc, 0xb7, 0xb8, 0xc2, 0x65, 0x90, 0x29, 0x39, 0x5b, 0xdf}},
    {.hash = {0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
              0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70},
     .r = {0x9f, 0x8a, 0xe5, 0xd4, 0x13, 0x5a, 0x68, 0x5c, 0x12, 0xc3, 0x04, 0x27, 0xbb, 0x1a, 0xae, 0x25,
           0xba, 0xa6, 0xa3, 0xb3, 0xb5, 0x78, 0x9e, 0x31, 0xcd, 0x8b, 0xe7, 0x09, 0xe4, 0x83, 0xa3, 0x89},
     .s = {0x1e, 0x3f, 0x14, 0xfc, 0x11, 0xd5, 0x16, 0x23, 0xc6, 0x04, 0xf3, 0x7a, 0x81, 0x84, 0xee, 0x4b,
           0x10, 0x95, 0xef, 0xd3, 0xa8, 0xf3, 0xb9, 0xd3, 0xb2, 0xdb, 0xfe, 0x70, 0x03, 0x03, 0x02, 0x9e},
     .odd = 1,
     .address = {0x80, 0xc0, 0xdb, 0xf2, 0x39, 0x22, 0x40, 0x71, 0xc5, 0x9d,
                 0xd8, 0x97, 0x0a, 0xb9, 0xd5, 0x42, 0xe3, 0x41, 0x4a, 0xb2}},
    {.hash = {0xc2, 0xba, 0xf6, 0xc6, 0x66, 0x18, 0xac, 0xd4, 0x9f, 0xb1, 0x33, 0xce, 0xbc, 0x22, 0xf5, 0x5b,
              0xd9, 0x07, 0xfe, 0x9f, 0x0d, 0x69, 0xa7, 0x26, 0xd4, 0x5b, 0x75, 0x39, 0xba, 0x6b, 0xbe, 0x08},
     .r = {0xc5, 0xa3, 0xb6, 0xf6, 0xd3, 0xb7, 0xb8, 0xaa, 0x86, 0xe3, 0x9b, 0xa8, 0x0c, 0xd5, 0xa9, 0xa4,
           0x9e, 0x8d, 0x00, 0x0a, 0x13, 0xc4, 0xe6, 0x0d, 0xda, 0x16, 0xb9, 0x40, 0x92, 0x37, 0xd5, 0x8a},
     .s = {0x46, 0x48, 0x8d, 0x0e, 0xfc, 0xef, 0xc7, 0xad, 0x8c, 0x5f, 0x45, 0x51, 0x35, 0x1a, 0x8d, 0xd4,
           0xd7, 0x08, 0xdf, 0x77, 0x11, 0x41, 0xf5, 0xe0, 0x10, 0x0a, 0xa4, 0x67, 0x35, 0xae, 0xb4, 0x4a},
     .odd = 1,
     .address = {0x00, 0x79, 0xb5, 0x1e, 0x7d, 0x28, 0xd9, 0x75, 0x0c, 0xdd,
                 0xce, 0x8c, 0x13, 0xd0, 0x42, 0x5f, 0x32, 0xed, 0xd4, 0xd4}},
};

enum { COUNT = sizeof known / sizeof *known };

RUN(test, iterations)
{
    uint64_t digest = MIX_START;
    for (uint64_t i = 0; i < iterations; i++) {
        uint8_t address[20] = {0};
        digest = mix(digest, (uint64_t)recover(&known[(test + i) % COUNT], address));
        digest = mix_bytes(digest, address, 20);
    }
    return digest;
}

SELF_TEST()
{
    for (size_t n = 0; n < COUNT; n++) {
        uint8_t address[20];
        if (!recover(&known[n], address) || !same_bytes(address, known[n].address, 20)) {
            return n + 1;
        }
        struct signature changed = known[n];
        changed.hash[n]++;
        if (recover(&changed, address) && same_bytes(address, known[n].address, 20)) {
            return COUNT + n + 1;
        }
    }
    return 0;
}
