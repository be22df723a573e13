/* Comparison without regard to case. */
#ifndef ASSAY_STRINGS_H
#define ASSAY_STRINGS_H

#include <assay/language.h>
#include <stddef.h>

ASSAY_C_BEGIN

int strcasecmp(const char *first, const char *second);
int strncasecmp(const char *first, const char *second, size_t most);

ASSAY_C_END

#endif
