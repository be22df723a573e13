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

#endif
