/* cage.h - what keeps a foreign program in: control groups beside the limits of a process. */
#ifndef ASSAY_NATIVE_CAGE_H
#define ASSAY_NATIVE_CAGE_H

#include "native.h"

enum { CAGE_GROUPS = 4, CAGE_PATH = 96 };

struct cage_bounds {
    uint64_t memory;    /* bytes, of all processes together */
    uint64_t processes; /* at once */
};

struct cage_groups {
    char path[CAGE_GROUPS][CAGE_PATH]; /* empty: this host has no such group, or does not let us make one */
};

void cage_groups_make(struct cage_groups *groups, const struct cage_bounds *bounds);
/* Puts the calling process into them. */
void cage_groups_enter(const struct cage_groups *groups);
/* When every process in them has ended. */
void cage_groups_remove(struct cage_groups *groups);

#endif
