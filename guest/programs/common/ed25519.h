/*
 * Verifying Ed25519 signatures (RFC 8032), plainly: a field element is five limbs of 51 bits, a point has
 * extended coordinates, and both multiplications go bit by bit. Nothing here is secret, so nothing is made to
 * take constant time.
 */
#ifndef GUEST_ED25519_H
#define GUEST_ED25519_H

#include "sha512.h"

struct fe {
    uint64_t limb[5];
};

struct point {
    struct fe x, y, z, t; /* x = X/Z, y = Y/Z, t = XY/Z */
};

static const uint64_t FE_MASK = (UINT64_C(1) << 51) - 1;

static const struct fe fe_zero = {{0, 0, 0, 0, 0}}, fe_one = {{1, 0, 0, 0, 0}};
static const struct fe ed25519_d = {
    {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
static const struct fe ed25519_2d = {
    {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
static const struct fe ed25519_root = {
    {0x61b274a0ea0b0, 0x0d5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}}; /* of -1 */
static const uint8_t ed25519_base[32] = {
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
};

static struct fe fe_carry(const uint64_t limb[5])
{
    struct fe r;
    uint64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t value = limb[i] + carry;
        r.limb[i] = value & FE_MASK;
        carry = value >> 51;
    }
    r.limb[0] += 19 * carry;
    r.limb[1] += r.limb[0] >> 51;
    r.limb[0] &= FE_MASK;
    return r;
}

static struct fe fe_add(const struct fe *a, const struct fe *b)
{
    uint64_t sum[5];
    for (int i = 0; i < 5; i++) {
        sum[i] = a->limb[i] + b->limb[i];
    }
    return fe_carry(sum);
}

/* a - b + 4p, so that no limb is negative. */
static struct fe fe_sub(const struct fe *a, const struct fe *b)
{
    uint64_t difference[5];
    for (int i = 0; i < 5; i++) {
        uint64_t four_p = i == 0 ? (UINT64_C(1) << 53) - 76 : (UINT64_C(1) << 53) - 4;
        difference[i] = a->limb[i] + four_p - b->limb[i];
    }
    return fe_carry(difference);
}

static struct fe fe_mul(const struct fe *a, const struct fe *b)
{
    const uint64_t *x = a->limb, *y = b->limb;
    uint64_t y1 = 19 * y[1], y2 = 19 * y[2], y3 = 19 * y[3], y4 = 19 * y[4];
    wide r0 = (wide)x[0] * y[0] + (wide)x[1] * y4 + (wide)x[2] * y3 + (wide)x[3] * y2 + (wide)x[4] * y1;
    wide r1 = (wide)x[0] * y[1] + (wide)x[1] * y[0] + (wide)x[2] * y4 + (wide)x[3] * y3 + (wide)x[4] * y2;
    wide r2 = (wide)x[0] * y[2] + (wide)x[1] * y[1] + (wide)x[2] * y[0] + (wide)x[3] * y4 + (wide)x[4] * y3;
    wide r3 = (wide)x[0] * y[3] + (wide)x[1] * y[2] + (wide)x[2] * y[1] + (wide)x[3] * y[0] + (wide)x[4] * y4;
    wide r4 = (wide)x[0] * y[4] + (wide)x[1] * y[3] + (wide)x[2] * y[2] + (wide)x[3] * y[1] + (wide)x[4] * y[0];
    r1 += (uint64_t)(r0 >> 51);
    r2 += (uint64_t)(r1 >> 51);
    r3 += (uint64_t)(r2 >> 51);
    r4 += (uint64_t)(r3 >> 51);
    uint64_t limb[5] = {(uint64_t)r0 & FE_MASK, (uint64_t)r1 & FE_MASK, (uint64_t)r2 & FE_MASK, (uint64_t)r3 & FE_MASK,
                        (uint64_t)r4 & FE_MASK};
    limb[0] += 19 * (uint64_t)(r4 >> 51);
    return fe_carry(limb);
}

/* a to the power of 2^bits - 32 + last. */
static struct fe fe_power(const struct fe *a, int bits, uint32_t last)
{
    struct fe r = fe_one;
    for (int i = bits - 1; i >= 0; i--) {
        r = fe_mul(&r, &r);
        if (i >= 5 || (last >> i & 1) != 0) {
            r = fe_mul(&r, a);
        }
    }
    return r;
}

static struct fe fe_inverse(const struct fe *a)
{
    return fe_power(a, 255, 11); /* 2^255 - 21 = 2^255 - 32 + 11 */
}

static struct fe fe_root_power(const struct fe *a)
{
    return fe_power(a, 252, 29); /* 2^252 - 3 = 2^252 - 32 + 29 */
}

static struct fe fe_load(const uint8_t bytes[32])
{
    uint64_t w0 = load_le64(bytes), w1 = load_le64(bytes + 8), w2 = load_le64(bytes + 16), w3 = load_le64(bytes + 24);
    struct fe r = {{w0 & FE_MASK, (w0 >> 51 | w1 << 13) & FE_MASK, (w1 >> 38 | w2 << 26) & FE_MASK,
                    (w2 >> 25 | w3 << 39) & FE_MASK, w3 >> 12 & FE_MASK}};
    return r;
}

static void fe_store(uint8_t bytes[32], const struct fe *a)
{
    struct fe r = fe_carry(a->limb);
    r = fe_carry(r.limb);
    uint64_t over = (r.limb[0] + 19) >> 51; /* 1 if the value is at least p */
    for (int i = 1; i < 5; i++) {
        over = (r.limb[i] + over) >> 51;
    }
    uint64_t carry = 19 * over;
    for (int i = 0; i < 5; i++) {
        uint64_t value = r.limb[i] + carry;
        r.limb[i] = value & FE_MASK;
        carry = value >> 51;
    }
    store_le64(bytes, r.limb[0] | r.limb[1] << 51);
    store_le64(bytes + 8, r.limb[1] >> 13 | r.limb[2] << 38);
    store_le64(bytes + 16, r.limb[2] >> 26 | r.limb[3] << 25);
    store_le64(bytes + 24, r.limb[3] >> 39 | r.limb[4] << 12);
}

static int fe_same(const struct fe *a, const struct fe *b)
{
    uint8_t x[32], y[32];
    fe_store(x, a);
    fe_store(y, b);
    return same_bytes(x, y, 32);
}

static struct point point_add(const struct point *p, const struct point *q)
{
    struct fe a = fe_sub(&p->y, &p->x), b = fe_sub(&q->y, &q->x), c = fe_add(&p->y, &p->x), d = fe_add(&q->y, &q->x);
    a = fe_mul(&a, &b);
    b = fe_mul(&c, &d);
    c = fe_mul(&p->t, &q->t);
    c = fe_mul(&c, &ed25519_2d);
    d = fe_mul(&p->z, &q->z);
    d = fe_add(&d, &d);
    struct fe e = fe_sub(&b, &a), f = fe_sub(&d, &c), g = fe_add(&d, &c), h = fe_add(&b, &a);
    return (struct point){fe_mul(&e, &f), fe_mul(&g, &h), fe_mul(&f, &g), fe_mul(&e, &h)};
}

static struct point point_double(const struct point *p)
{
    struct fe a = fe_mul(&p->x, &p->x), b = fe_mul(&p->y, &p->y), c = fe_mul(&p->z, &p->z);
    struct fe sum = fe_add(&p->x, &p->y);
    c = fe_add(&c, &c);
    sum = fe_mul(&sum, &sum);
    struct fe h = fe_add(&a, &b), e = fe_sub(&h, &sum), g = fe_sub(&a, &b), f = fe_add(&c, &g);
    return (struct point){fe_mul(&e, &f), fe_mul(&g, &h), fe_mul(&f, &g), fe_mul(&e, &h)};
}

/* False when the bytes are no point of the curve. */
static int point_load(struct point *p, const uint8_t bytes[32])
{
    struct fe y = fe_load(bytes), square = fe_mul(&y, &y), u = fe_sub(&square, &fe_one),
              v = fe_mul(&square, &ed25519_d);
    v = fe_add(&v, &fe_one);
    struct fe v3 = fe_mul(&v, &v), v7;
    v3 = fe_mul(&v3, &v);
    v7 = fe_mul(&v3, &v3);
    v7 = fe_mul(&v7, &v);
    struct fe x = fe_mul(&u, &v7);
    x = fe_root_power(&x);
    x = fe_mul(&x, &v3);
    x = fe_mul(&x, &u);
    struct fe check = fe_mul(&x, &x), negative = fe_sub(&fe_zero, &u);
    check = fe_mul(&check, &v);
    if (!fe_same(&check, &u)) {
        if (!fe_same(&check, &negative)) {
            return 0;
        }
        x = fe_mul(&x, &ed25519_root);
    }
    uint8_t encoded[32];
    fe_store(encoded, &x);
    if ((encoded[0] & 1) != bytes[31] >> 7) {
        x = fe_sub(&fe_zero, &x);
    }
    *p = (struct point){x, y, fe_one, fe_mul(&x, &y)};
    return 1;
}

static void point_store(uint8_t bytes[32], const struct point *p)
{
    struct fe inverse = fe_inverse(&p->z), x = fe_mul(&p->x, &inverse), y = fe_mul(&p->y, &inverse);
    uint8_t encoded[32];
    fe_store(bytes, &y);
    fe_store(encoded, &x);
    bytes[31] |= (uint8_t)(encoded[0] << 7);
}

/* a * p + b * q, bits from the top. */
static struct point point_combine(const uint8_t a[32], const struct point *p, const uint8_t b[32],
                                  const struct point *q)
{
    struct point r = {fe_zero, fe_one, fe_one, fe_zero}, both = point_add(p, q);
    for (int i = 255; i >= 0; i--) {
        int bit_a = a[i / 8] >> i % 8 & 1, bit_b = b[i / 8] >> i % 8 & 1;
        r = point_double(&r);
        if (bit_a && bit_b) {
            r = point_add(&r, &both);
        } else if (bit_a || bit_b) {
            r = point_add(&r, bit_a ? p : q);
        }
    }
    return r;
}

/* The order of the base point, little-endian. */
static const uint64_t ed25519_order[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000};

static int scalar_is_below_order(const uint64_t value[4])
{
    for (int i = 3; i >= 0; i--) {
        if (value[i] != ed25519_order[i]) {
            return value[i] < ed25519_order[i];
        }
    }
    return 0;
}

/* 512 bits modulo the order, a bit at a time. */
static void scalar_reduce(uint8_t reduced[32], const uint8_t bytes[64])
{
    uint64_t r[4] = {0};
    for (int i = 511; i >= 0; i--) {
        uint64_t carry = bytes[i / 8] >> i % 8 & 1;
        for (int k = 0; k < 4; k++) {
            uint64_t top = r[k] >> 63;
            r[k] = r[k] << 1 | carry;
            carry = top;
        }
        if (!scalar_is_below_order(r)) {
            uint64_t borrow = 0;
            for (int k = 0; k < 4; k++) {
                wide difference = (wide)r[k] - ed25519_order[k] - borrow;
                r[k] = (uint64_t)difference;
                borrow = (uint64_t)(difference >> 64) & 1;
            }
        }
    }
    for (int k = 0; k < 4; k++) {
        store_le64(reduced + 8 * k, r[k]);
    }
}

/* Whether the signature is one of that message by that key. */
static int ed25519_verify(const uint8_t key[32], const uint8_t *message, size_t size, const uint8_t signature[64])
{
    struct point a, base;
    uint64_t s[4];
    for (int k = 0; k < 4; k++) {
        s[k] = load_le64(signature + 32 + 8 * k);
    }
    if (!scalar_is_below_order(s) || !point_load(&a, key) || !point_load(&base, ed25519_base)) {
        return 0;
    }
    struct sha512 hash;
    uint8_t digest[64], h[32], r[32];
    sha512_begin(&hash);
    sha512_add(&hash, signature, 32);
    sha512_add(&hash, key, 32);
    sha512_add(&hash, message, size);
    sha512_end(&hash, digest);
    scalar_reduce(h, digest);
    a.x = fe_sub(&fe_zero, &a.x);
    a.t = fe_sub(&fe_zero, &a.t);
    struct point found = point_combine(signature + 32, &base, h, &a);
    point_store(r, &found);
    return same_bytes(r, signature, 32);
}

#endif
