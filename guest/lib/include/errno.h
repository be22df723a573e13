/* The last error of a function that reports one. The numbers are those of Linux. */
#ifndef ASSAY_ERRNO_H
#define ASSAY_ERRNO_H

#include <assay/language.h>

ASSAY_C_BEGIN

extern int errno;

ASSAY_C_END

#define errno errno

#define EPERM 1
#define ENOENT 2
#define EINTR 4
#define EIO 5
#define EBADF 9
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EFAULT 14
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28
#define EDOM 33
#define ERANGE 34
#define ENOSYS 38
#define EILSEQ 84
#define EOVERFLOW 75

#endif
