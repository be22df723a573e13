/*
 * What the processor can do, and the GS base.
 *
 * In: cpuid and the auxiliary vector, asked once. Out: flags that choose between instructions with equal results. Small
 * builds pretend to have the oldest processor, so that the fallbacks run in every test.
 */
#include "machine.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HWCAP2_FSGSBASE = 1 << 1 };

static struct fast_cpu cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void ask(void)
{
    cpu.fsgsbase = (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0;
#ifndef ASSAY_SMALL
    unsigned a, b, c, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
        cpu.bmi1 = (b & bit_BMI) != 0;
        cpu.bmi2 = (b & bit_BMI2) != 0;
    }
    if (__get_cpuid(1, &a, &b, &c, &d) != 0) {
        cpu.popcnt = (c & bit_POPCNT) != 0;
    }
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) != 0) {
        cpu.lzcnt = (c & bit_LZCNT) != 0;
    }
#endif
}

const struct fast_cpu *fast_cpu_ask(void)
{
    pthread_once(&once, ask);
    return &cpu;
}

/* No program of this platform uses GS, so it is left as it is afterwards; writing it when it differs saves time. */
void fast_cpu_set_gs(const uint8_t *base)
{
    if (cpu.fsgsbase) {
        const uint8_t *now;
        __asm__ volatile("rdgsbase %0" : "=r"(now));
        if (now != base) {
            __asm__ volatile("wrgsbase %0" : : "r"(base));
        }
    } else {
        syscall(SYS_arch_prctl, ARCH_SET_GS, base);
    }
}
