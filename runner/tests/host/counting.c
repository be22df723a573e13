/* Preloaded: how often the process asked its host for memory, on standard error at its end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/mman.h>

static unsigned long maps, unmaps, protects, advices;

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    void *(*next)(void *, size_t, int, int, int, off_t) =
        (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    maps++;
    return next(at, size, protection, flags, file, offset);
}

int munmap(void *at, size_t size)
{
    int (*next)(void *, size_t) = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
    unmaps++;
    return next(at, size);
}

int mprotect(void *at, size_t size, int protection)
{
    int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "mprotect");
    protects++;
    return next(at, size, protection);
}

int madvise(void *at, size_t size, int advice)
{
    int (*next)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "madvise");
    advices++;
    return next(at, size, advice);
}

__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "mmap %lu munmap %lu mprotect %lu madvise %lu\n", maps, unmaps, protects, advices);
}
