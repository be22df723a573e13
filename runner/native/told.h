/*
 * told.h - kernel records that a program says on standard error, each as it comes (`serve --tell`), so that the death
 * of an engine loses none.
 *
 *     step                the records of a new step begin
 *     record 00ff...      one record
 */
#ifndef ASSAY_NATIVE_TOLD_H
#define ASSAY_NATIVE_TOLD_H

#include "native.h"

struct told {
    bool listens;
    bool is_cut; /* there were more than are kept */
    struct text line, records;
};

void told_clear(struct told *told);
/* Takes what was said; lines that are no record are added to `others`. */
void told_take(struct told *told, const char *data, size_t size, struct text *others);
/* Gives the records of the last step to an observer. */
void told_give(const struct told *told, const struct assay_observer *observer);

#endif
