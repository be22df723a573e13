/*
 * What the processor can do, and the GS base.
 *
 * In: cpuid and the auxiliary vector, asked once. Out: flags that choose between instructions with equal results. Small
 * builds pretend to have the oldest processor, so that the fallbacks run in every test.
 *
 * A guest that ran with a wrong GS would touch the host's memory. So the base is read back once in each thread, where
 * a call of the host sets it: a host, or what stands between, may say that it did and have done nothing.
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

static bool reads_back(const uint8_t *base)
{
    uint64_t now = ~(uint64_t)(uintptr_t)base;
    return syscall(SYS_arch_prctl, ARCH_GET_GS, &now) == 0 && now == (uint64_t)(uintptr_t)base;
}

static int ask_host(const uint8_t *base)
{
    static __thread bool has_read_back __attribute__((tls_model("initial-exec")));
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, base) != 0) {
        return ASSAY_ERROR_HOST;
    }
    has_read_back = has_read_back || reads_back(base);
    return has_read_back ? 0 : ASSAY_ERROR_HOST;
}

/* No program of this platform uses GS, so it is left as it is afterwards; writing it when it differs saves time. */
int fast_cpu_set_gs(const uint8_t *base)
{
    if (cpu.fsgsbase) {
        const uint8_t *now;
        __asm__ volatile("rdgsbase %0" : "=r"(now));
        if (now != base) {
            __asm__ volatile("wrgsbase %0" : : "r"(base));
        }
        return 0;
    }
    return ask_host(base);
}
