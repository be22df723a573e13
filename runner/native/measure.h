/* measure.h - the clock and the median that every measurement of the harness uses. */
#ifndef ASSAY_NATIVE_MEASURE_H
#define ASSAY_NATIVE_MEASURE_H

#include <stddef.h>

/* Seconds of a clock that never goes back. */
double seconds_now(void);
/* Sorts the values; the mean of the middle two when their number is even. There is at least one. */
double median(double *value, size_t count);

#endif
