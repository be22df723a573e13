/* Comparison without regard to case. */
#ifndef ASSAY_STRINGS_H
#define ASSAY_STRINGS_H

#include <stddef.h>

int strcasecmp(const char *first, const char *second);
int strncasecmp(const char *first, const char *second, size_t most);

#endif
