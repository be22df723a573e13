/* Text to numbers, and small arithmetic. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>

int errno;

struct parsed {
    unsigned long magnitude;
    bool is_negative, is_too_large;
};

static int digit_of(char letter)
{
    if (isdigit((unsigned char)letter))
        return letter - '0';
    return isalpha((unsigned char)letter) ? tolower((unsigned char)letter) - 'a' + 10 : 36;
}

static bool is_hexadecimal(const char *text)
{
    return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_of(text[2]) < 16;
}

/* Sign, prefix and digits; *end is `text` when there is no digit. */
static struct parsed parse(const char *text, char **end, int base)
{
    struct parsed found = {0, false, false};
    const char *at = text, *last = text;
    while (isspace((unsigned char)*at))
        at++;
    if (*at == '-' || *at == '+')
        found.is_negative = *at++ == '-';
    if ((base == 0 || base == 16) && is_hexadecimal(at)) {
        at += 2;
        base = 16;
    } else if (base == 0) {
        base = *at == '0' ? 8 : 10;
    }
    for (; base >= 2 && base <= 36 && digit_of(*at) < base; last = ++at)
        if (__builtin_mul_overflow(found.magnitude, (unsigned long)base, &found.magnitude) ||
            __builtin_add_overflow(found.magnitude, (unsigned long)digit_of(*at), &found.magnitude))
            found.is_too_large = true;
    if (base < 2 || base > 36)
        errno = EINVAL;
    if (end != NULL)
        *end = (char *)(unsigned long)last;
    return found;
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
    struct parsed found = parse(text, end, base);
    if (found.is_too_large) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return found.is_negative ? -found.magnitude : found.magnitude;
}

long strtol(const char *restrict text, char **restrict end, int base)
{
    struct parsed found = parse(text, end, base);
    unsigned long most = (unsigned long)LONG_MAX + found.is_negative;
    if (found.is_too_large || found.magnitude > most) {
        errno = ERANGE;
        return found.is_negative ? LONG_MIN : LONG_MAX;
    }
    return (long)(found.is_negative ? -found.magnitude : found.magnitude);
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
    return strtol(text, end, base);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
    return strtoul(text, end, base);
}

int atoi(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

long atol(const char *text)
{
    return strtol(text, NULL, 10);
}

long long atoll(const char *text)
{
    return strtol(text, NULL, 10);
}

int abs(int value)
{
    return value < 0 ? -value : value;
}

long labs(long value)
{
    return value < 0 ? -value : value;
}

long long llabs(long long value)
{
    return value < 0 ? -value : value;
}

div_t div(int value, int divisor)
{
    return (div_t){value / divisor, value % divisor};
}

ldiv_t ldiv(long value, long divisor)
{
    return (ldiv_t){value / divisor, value % divisor};
}

lldiv_t lldiv(long long value, long long divisor)
{
    return (lldiv_t){value / divisor, value % divisor};
}

static unsigned long seeded = 1;

void srand(unsigned seed)
{
    seeded = seed;
}

int rand(void)
{
    seeded = seeded * 6364136223846793005u + 1442695040888963407u;
    return (int)(seeded >> 33);
}
