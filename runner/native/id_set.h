/* id_set.h - a set of strings. */
#ifndef ASSAY_NATIVE_ID_SET_H
#define ASSAY_NATIVE_ID_SET_H

#include "native.h"

struct id_set {
    char **slot;
    size_t count;
    size_t room;
};

bool id_set_add(struct id_set *set, const char *id); /* false: it was there */
bool id_set_has(const struct id_set *set, const char *id);
void id_set_free(struct id_set *set);
/* Adds the lines of a file; false after a complaint. */
bool id_set_read(struct id_set *set, const char *path);

#endif
