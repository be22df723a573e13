/* Leaving several functions at once. */
#ifndef ASSAY_SETJMP_H
#define ASSAY_SETJMP_H

#include <assay/language.h>

/* ra, sp, s0 and s1: what a function of 16 registers keeps for its caller. */
typedef unsigned long jmp_buf[4];

ASSAY_C_BEGIN

int setjmp(jmp_buf place) __attribute__((returns_twice));
ASSAY_NORETURN void longjmp(jmp_buf place, int value);

ASSAY_C_END

#define setjmp setjmp

#endif
