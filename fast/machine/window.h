/* Windows of guest memory: what mem.c asks of window.c. */
#ifndef FAST_WINDOW_H
#define FAST_WINDOW_H

#include "machine.h"

#ifdef ASSAY_SMALL
enum { FAST_WINDOW_RUNS = 2, FAST_WINDOW_MAPPINGS = 100 };
#else
enum {
    FAST_WINDOW_RUNS = 4096,      /* a layout with more is checked by code instead of by the host */
    FAST_WINDOW_MAPPINGS = 20000, /* of all guarded windows in use: the host's usual limit is 65,530 */
};
#endif

/* Whether the host can have the layout as protections, beside those of all other windows. */
bool fast_window_fits(const struct fast_mem *wanted);

/*
 * A window for that layout. *window has the layout in which its last owner left it, or none: then all its bytes are
 * zero. ASSAY_ERROR_MEMORY when the host has no address space left.
 */
int fast_window_take(const struct fast_mem *wanted, struct fast_mem *window);

/* Gives back what its pages hold, and keeps the layout. Pages that leave a layout keep what they hold without this. */
void fast_window_empty(struct fast_mem *mem);
/* For the next one; or back to the host when there is much of it. */
void fast_window_give_back(struct fast_mem *mem);
/* Back to the host. */
void fast_window_drop(struct fast_mem *mem);

/* Guest address 0 of a fresh one without any access, or NULL. */
uint8_t *fast_window_reserve(void);
void fast_window_release(uint8_t *base);
/* Counts the mappings of one that was not taken from here. */
void fast_window_adopt(const struct fast_mem *mem);

/* ---- short.c: windows of short programs ------------------------------------------------------ */

/* Opens the pages, given in ascending order, as those of a short program; false when that cannot be done. */
bool fast_short_open(struct fast_mem *mem, const struct assay_page *page, size_t count);
void fast_short_close(struct fast_mem *mem);
void fast_short_drop_kept(void);

#endif
