/*
 * Preloaded: a host that lacks what the variable HOST_LACKS names, or that says it did and does nothing ("..._lies").
 *
 *   gs, gs_lies            no FSGSBASE, and no base for GS by a call either
 *   handler, handler_lies  no handler of signals
 *   mask_lies              no change of a thread's mask, and no answer what it is
 *   code, code_lies        no executable memory; the lie is about a change of protection, and there are no files either
 *   files, files_lie       no files in memory
 *   map, map_lies          no memory at all
 *   unmap_lies             gives no memory back, by munmap or by madvise
 *   protect, protect_lies  no change of protection; also none_lies, read_lies, write_lies: to that protection
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool lacks(const char *what)
{
    const char *named = getenv("HOST_LACKS");
    return named != NULL && strcmp(named, what) == 0;
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

unsigned long getauxval(unsigned long type)
{
    unsigned long (*next)(unsigned long) = (unsigned long (*)(unsigned long))dlsym(RTLD_NEXT, "getauxval");
    return type == AT_HWCAP2 && (lacks("gs") || lacks("gs_lies")) ? 0 : next(type);
}

long syscall(long number, ...)
{
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++) {
        a[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_arch_prctl && lacks("gs")) {
        return refuse(EINVAL);
    }
    return number == SYS_arch_prctl && lacks("gs_lies") ? 0 : next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
    int (*next)(int, const struct sigaction *, struct sigaction *) =
        (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    if (action != NULL && lacks("handler")) {
        return refuse(EINVAL);
    }
    return next(number, lacks("handler_lies") ? NULL : action, before);
}

int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    int (*next)(int, const sigset_t *, sigset_t *) =
        (int (*)(int, const sigset_t *, sigset_t *))dlsym(RTLD_NEXT, "pthread_sigmask");
    return lacks("mask_lies") ? 0 : next(how, set, before);
}

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    void *(*next)(void *, size_t, int, int, int, off_t) =
        (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    if (((protection & PROT_EXEC) != 0 && lacks("code")) || lacks("map")) {
        errno = EACCES;
        return MAP_FAILED;
    }
    return lacks("map_lies") ? NULL : next(at, size, protection, flags, file, offset);
}

int memfd_create(const char *name, unsigned flags)
{
    int (*next)(const char *, unsigned) = (int (*)(const char *, unsigned))dlsym(RTLD_NEXT, "memfd_create");
    if (lacks("files_lie")) {
        return 0;
    }
    return lacks("files") || lacks("code_lies") ? refuse(ENOSYS) : next(name, flags);
}

static bool lies_about(int protection)
{
    return lacks("protect_lies") || (lacks("code_lies") && (protection & PROT_EXEC) != 0) ||
           (lacks("none_lies") && protection == PROT_NONE) || (lacks("read_lies") && protection == PROT_READ) ||
           (lacks("write_lies") && (protection & PROT_WRITE) != 0);
}

int mprotect(void *at, size_t size, int protection)
{
    int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "mprotect");
    if (((protection & PROT_EXEC) != 0 && lacks("code")) || lacks("protect")) {
        return refuse(EACCES);
    }
    return lies_about(protection) ? 0 : next(at, size, protection);
}

int munmap(void *at, size_t size)
{
    int (*next)(void *, size_t) = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
    return lacks("unmap_lies") ? 0 : next(at, size);
}

int madvise(void *at, size_t size, int advice)
{
    int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "madvise");
    return lacks("unmap_lies") ? 0 : next(at, size, advice);
}
