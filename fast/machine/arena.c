/*
 * Executable memory with two views of the same pages, reused.
 *
 *   write:  RW          compiled code is written here
 *   base:   R X         and executed here; no address is ever both
 *
 * In: how much is wanted. Out: memory that is written at one address and executed at another, so that a program which
 * finds an arena ready costs no call of the host. Arenas come in sizes of powers of two and go
 * back to a list that is bounded in bytes; of a large one only what is used stays mapped, and that once.
 *
 * A file in memory is shared with a forked child. The child never has its writable view, and whoever gives back an
 * arena that was in use during a fork gives it back to the host: so neither process ever writes what the other may
 * execute.
 *
 * A host without such files gets one view whose protection is flipped: RW, sealed RX, and RW again when it is reused.
 */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SMALLEST_LOG = 16,
    KEPT_MAX = 64,
    PAGE = 4096,
    LARGE = 1 << 24,   /* one that is larger is not kept */
    EXECUTABLE = 0x10, /* MFD_EXEC, which hosts before Linux 6.3 refuse and do not need */
};

static struct fast_arena kept[KEPT_MAX];
static size_t kept_count, kept_bytes;
static uint64_t forks; /* that this process and its ancestors have had */
static uint64_t born;  /* their number when this process began */

static size_t page_rounded(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

static size_t class_size(size_t size)
{
    if (size > LARGE) {
        return page_rounded(size);
    }
    size_t class = (size_t)1 << SMALLEST_LOG;
    while (class < size) {
        class *= 2;
    }
    return class;
}

static bool is_flipped(const struct fast_arena *arena)
{
    return arena->write == arena->base;
}

/* ---- the host's memory ----------------------------------------------------------------------- */

/* A refusal that is not about the amount is about the kind. */
static int failure(void)
{
    return errno == ENOMEM ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_HOST;
}

/* A file beyond the process's limit of file sizes would raise a signal. */
static bool may_be_a_file(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && size <= limit.rlim_cur;
}

/* What else a host may answer is not ours to close; only a file in memory has seals. */
static int create_file(unsigned flags)
{
    int file = memfd_create("assay", flags);
    return file >= 0 && fcntl(file, F_GET_SEALS) >= 0 ? file : -1;
}

static bool resize(int file, size_t size)
{
    struct stat now;
    return ftruncate(file, (off_t)size) == 0 && fstat(file, &now) == 0 && now.st_size == (off_t)size;
}

static int open_file(size_t size)
{
    int file = -1;
    if (may_be_a_file(size)) {
        file = create_file(MFD_CLOEXEC | EXECUTABLE);
        file = file >= 0 ? file : create_file(MFD_CLOEXEC);
    }
    if (file >= 0 && !resize(file, size)) {
        close(file);
        file = -1;
    }
    return file;
}

static uint8_t *map(size_t size, int protection, int file)
{
    int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED | MAP_NORESERVE;
    void *at = mmap(NULL, size, protection, flags, file, 0);
    return at == MAP_FAILED ? NULL : at; /* NULL itself is what a host says that did nothing */
}

static void unmap(uint8_t *at, size_t size)
{
    if (at != NULL) {
        munmap(at, size);
    }
}

/* False when the host lets nothing of the kind be done. */
static bool map_twice(size_t size, struct fast_arena *arena)
{
    int file = open_file(size);
    if (file < 0) {
        return false;
    }
    arena->write = map(size, PROT_READ | PROT_WRITE, file);
    arena->base = map(size, PROT_READ | PROT_EXEC, file);
    close(file);
    if (arena->write != NULL && arena->base != NULL && madvise(arena->write, size, MADV_DONTFORK) == 0) {
        return true;
    }
    unmap(arena->write, size);
    unmap(arena->base, size);
    return false;
}

static int map_fresh(size_t size, struct fast_arena *arena)
{
    *arena = (struct fast_arena){.size = size};
    if (map_twice(size, arena)) {
        return 0;
    }
    arena->base = arena->write = map(size, PROT_READ | PROT_WRITE, -1);
    return arena->base == NULL ? failure() : 0;
}

/* In a child, the writable view of what its parent took is not there. */
static void give_to_host(const struct fast_arena *arena)
{
    if (!is_flipped(arena) && arena->forks >= born) {
        unmap(arena->write, arena->size);
    }
    unmap(arena->base, arena->size);
}

/* ---- the kept ones --------------------------------------------------------------------------- */

static bool take_kept(size_t size, struct fast_arena *arena)
{
    bool found = false;
    fast_lock_take();
    for (size_t i = kept_count; i > 0 && !found; i--) {
        if (size == 0 || kept[i - 1].size == size) {
            *arena = kept[i - 1];
            kept_bytes -= arena->touched;
            kept_count--;
            memmove(&kept[i - 1], &kept[i], (kept_count - (i - 1)) * sizeof(kept[0]));
            found = true;
        }
    }
    fast_lock_give();
    return found;
}

static bool keep(const struct fast_arena *arena)
{
    size_t share = fast_budget_share(FAST_BUDGET_CODE);
    fast_lock_take();
    bool fits =
        arena->write != NULL && arena->forks == forks && kept_count < KEPT_MAX && kept_bytes + arena->touched <= share;
    if (fits) {
        kept[kept_count++] = *arena;
        kept_bytes += arena->touched;
    }
    fast_lock_give();
    return fits;
}

void fast_arena_drop_kept(void)
{
    struct fast_arena arena;
    while (take_kept(0, &arena)) {
        give_to_host(&arena);
    }
}

/* ---- forks ----------------------------------------------------------------------------------- */

/* The parent may write what is kept, so the child, which has no writable view of it, forgets it. */
void fast_arena_forked(bool child)
{
    forks++;
    if (child) {
        born = forks;
        for (size_t i = 0; i < kept_count; i++) {
            unmap(kept[i].base, kept[i].size);
        }
        kept_count = kept_bytes = 0;
    }
}

/* ---- taking and giving back ------------------------------------------------------------------ */

static uint64_t forks_now(void)
{
    fast_lock_take();
    uint64_t now = forks;
    fast_lock_give();
    return now;
}

/* The one view, as it was asked for: a host that did nothing leaves what can be written, or cannot. */
static int flip(const struct fast_arena *arena, size_t size, int protection)
{
    if (mprotect(arena->base, size, protection) != 0) {
        return failure();
    }
    return fast_probe_writable(arena->base) == ((protection & PROT_WRITE) != 0) ? 0 : ASSAY_ERROR_HOST;
}

static int reopen(struct fast_arena *arena)
{
    if (is_flipped(arena) && flip(arena, page_rounded(arena->touched), PROT_READ | PROT_WRITE) != 0) {
        unmap(arena->base, arena->size);
        return ASSAY_ERROR_HOST;
    }
    return 0;
}

int fast_arena_take(size_t size, struct fast_arena *arena)
{
    size_t class = class_size(size);
    if (!take_kept(class, arena) || reopen(arena) != 0) {
        int error = map_fresh(class, arena);
        if (error == ASSAY_ERROR_MEMORY) {
            fast_budget_shed();
            error = map_fresh(class, arena);
        }
        if (error != 0) {
            return error;
        }
    }
    arena->forks = forks_now();
    return 0;
}

/* Of a large one only what is used stays mapped, and that once. */
int fast_arena_seal(struct fast_arena *arena, size_t used)
{
    size_t mapped = page_rounded(used);
    arena->touched = mapped > arena->touched ? mapped : arena->touched;
    if (is_flipped(arena)) {
        return flip(arena, mapped, PROT_READ | PROT_EXEC);
    }
    if (arena->size > LARGE) {
        unmap(arena->write, arena->size);
        munmap(arena->base + mapped, arena->size - mapped);
        arena->write = NULL;
        arena->size = mapped;
    }
    return 0;
}

void fast_arena_give_back(struct fast_arena *arena)
{
    if (!keep(arena)) {
        give_to_host(arena);
    }
    *arena = (struct fast_arena){.base = NULL};
}
