/* What real.c offers. */
#ifndef REAL_ARITHMETIC_H
#define REAL_ARITHMETIC_H

#include "real.h"

struct real real_add(struct real a, struct real b);
struct real real_multiply(struct real a, struct real b);
struct real real_divide(struct real a, struct real b);
struct real real_root(struct real value);

/* high * 2^64 + low. */
struct real real_from_integer(bool is_negative, uint64_t high, uint64_t low);
__extension__ unsigned __int128 real_to_integer(struct real number, int bits, bool is_signed);

#endif
