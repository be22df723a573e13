/* Leaving several functions at once. */
#ifndef ASSAY_SETJMP_H
#define ASSAY_SETJMP_H

/* ra, sp, s0 and s1: what a function of 16 registers keeps for its caller. */
typedef unsigned long jmp_buf[4];

int setjmp(jmp_buf place) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf place, int value);

#define setjmp setjmp

#endif
