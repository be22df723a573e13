/* Integers of up to 1,000 bits: arithmetic, roots of unity, inverses, primes, and their texts. */
#include "common.h"
#include <mbedtls/bignum.h>

static int random_bytes(void *context, unsigned char *bytes, size_t size)
{
    (void)context;
    for (size_t n = 0; n < size; n++)
        bytes[n] = (unsigned char)draw(256);
    return 0;
}

static void any(mbedtls_mpi *number, size_t most)
{
    mbedtls_mpi_fill_random(number, draw(most), random_bytes, NULL);
    if (draw(4) == 0)
        mbedtls_mpi_shift_l(number, draw(100));
    if (draw(3) == 0)
        number->s = -1;
}

static void show(int code, const mbedtls_mpi *number)
{
    static char text[800];
    static unsigned char bytes[256];
    size_t size = 0;
    note((uint64_t)code);
    note((uint64_t)mbedtls_mpi_write_string(number, draw(2) ? 10 : 16, text, sizeof text, &size));
    note_bytes(text, size);
    note((uint64_t)mbedtls_mpi_write_binary(number, bytes, sizeof bytes));
    note_bytes(bytes, sizeof bytes);
    note(mbedtls_mpi_bitlen(number));
}

static void one(void)
{
    mbedtls_mpi a, b, c, d, e;
    int base;
    mbedtls_mpi_init(&a);
    mbedtls_mpi_init(&b);
    mbedtls_mpi_init(&c);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&e);
    any(&a, 60);
    any(&b, draw(2) ? 60 : 6);
    show(mbedtls_mpi_add_mpi(&c, &a, &b), &c);
    show(mbedtls_mpi_sub_mpi(&c, &a, &b), &c);
    show(mbedtls_mpi_mul_mpi(&c, &a, &b), &c);
    show(mbedtls_mpi_div_mpi(&c, &d, &a, &b), &d);
    show(mbedtls_mpi_gcd(&c, &a, &b), &c);
    show(mbedtls_mpi_inv_mod(&c, &a, &b), &c);
    show(mbedtls_mpi_shift_r(&c, draw(70)), &c);
    any(&d, 12);
    mbedtls_mpi_set_bit(&b, 0, 1);
    show(mbedtls_mpi_exp_mod(&c, &a, &d, &b, NULL), &c);
    note((uint64_t)mbedtls_mpi_cmp_mpi(&a, &b) + 3 * (uint64_t)mbedtls_mpi_cmp_abs(&a, &b));
    base = draw(2) ? 10 : 16;
    show(mbedtls_mpi_read_string(&e, base, draw(2) ? "-123456789012345678901234567890" : "12ab"), &e);
    if (draw(20) == 0)
        show(mbedtls_mpi_gen_prime(&e, 64 + draw(64), 0, random_bytes, NULL), &e);
    note((uint64_t)mbedtls_mpi_is_prime_ext(&d, 3, random_bytes, NULL));
    mbedtls_mpi_free(&a);
    mbedtls_mpi_free(&b);
    mbedtls_mpi_free(&c);
    mbedtls_mpi_free(&d);
    mbedtls_mpi_free(&e);
}
