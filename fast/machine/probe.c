/*
 * Whether the host does what it says with memory.
 *
 * In: a page, or the host. Out: what the page lets be done, as the kernel sees it; or, asked once, whether protections
 * that were said to change did. A host, or what stands between, may say that it did and have done nothing: then
 * a guest would write where it may not, and the engine where it cannot.
 *
 * A call of the kernel that reads or writes a page tells without a signal whether it could.
 */
#include "machine.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MASK_SIZE = 8, NO_SUCH_CHANGE = -1 };

static bool is_readable(const uint8_t *at)
{
    return syscall(SYS_rt_sigprocmask, NO_SUCH_CHANGE, at, NULL, MASK_SIZE) == 0 || errno != EFAULT;
}

bool fast_probe_writable(uint8_t *at)
{
    return syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, at, MASK_SIZE) == 0;
}

static bool lets(uint8_t *page, int protection)
{
    return mprotect(page, ASSAY_PAGE_SIZE, protection) == 0 && is_readable(page) == ((protection & PROT_READ) != 0) &&
           fast_probe_writable(page) == ((protection & PROT_WRITE) != 0);
}

/* Every change that windows make; errno is of a refusal. */
static bool changes_protections(uint8_t *page)
{
    static const int protection[] = {
        PROT_READ | PROT_WRITE, PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE, PROT_READ, PROT_NONE,
        PROT_READ | PROT_WRITE};
    bool done = !is_readable(page) && !fast_probe_writable(page);
    errno = 0;
    for (size_t i = 0; done && i < sizeof protection / sizeof *protection; i++) {
        done = lets(page, protection[i]);
    }
    return done;
}

static int try_host(void)
{
    void *page = mmap(NULL, ASSAY_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || page == NULL) {
        return page != NULL && errno == ENOMEM ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_HOST;
    }
    bool done = changes_protections(page);
    int error = done ? 0 : errno == ENOMEM ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_HOST;
    munmap(page, ASSAY_PAGE_SIZE);
    return error;
}

int fast_probe_host(void)
{
    static bool is_honest;
    if (__atomic_load_n(&is_honest, __ATOMIC_RELAXED)) {
        return 0;
    }
    int error = try_host();
    __atomic_store_n(&is_honest, error == 0, __ATOMIC_RELAXED);
    return error;
}
