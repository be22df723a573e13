/* How a program ends, and what it is told of the world: nothing. */
#include <assay/guest.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS 32

static void (*at_exit[FUNCTIONS])(void);
static size_t count;

int atexit(void (*function)(void))
{
    if (count == FUNCTIONS)
        return -1;
    at_exit[count++] = function;
    return 0;
}

_Noreturn void exit(int status)
{
    while (count > 0)
        at_exit[--count]();
    if (status != 0)
        assay_panic();
    assay_halt(0);
}

_Noreturn void abort(void)
{
    assay_panic();
}

char *getenv(const char *name)
{
    (void)name;
    return NULL;
}

char *strerror(int number)
{
    static const struct {
        int number;
        const char *text;
    } known[] = {
        {0, "Success"},
        {EPERM, "Operation not permitted"},
        {ENOENT, "No such file or directory"},
        {EINTR, "Interrupted system call"},
        {EIO, "Input/output error"},
        {EBADF, "Bad file descriptor"},
        {EAGAIN, "Resource temporarily unavailable"},
        {ENOMEM, "Cannot allocate memory"},
        {EACCES, "Permission denied"},
        {EFAULT, "Bad address"},
        {EEXIST, "File exists"},
        {EINVAL, "Invalid argument"},
        {ENOSPC, "No space left on device"},
        {EDOM, "Numerical argument out of domain"},
        {ERANGE, "Numerical result out of range"},
        {ENOSYS, "Function not implemented"},
        {EILSEQ, "Invalid or incomplete multibyte or wide character"},
        {EOVERFLOW, "Value too large for defined data type"},
    };
    for (size_t n = 0; n < sizeof known / sizeof known[0]; n++)
        if (known[n].number == number)
            return (char *)(uintptr_t)known[n].text;
    return (char *)(uintptr_t)"Unknown error";
}
