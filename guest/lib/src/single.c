/* What a compiler calls for float. */
#define REAL float
#define BITS uint32_t
#define FORMAT REAL_SINGLE
#define NAME(name, end) __##name##sf##end
#define FROM(name) __##name##sf
#include "real_functions.h"
