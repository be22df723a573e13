/* What the harness says on standard error. */
#include "native.h"

#include <stdarg.h>
#include <stdio.h>

void complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("assay-native: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
