"""What every program begins with: the guard of each operation that C leaves undefined, and the digest."""

BITS = (8, 16, 32, 64)
TYPES = tuple(f"{sign}int{bits}_t" for bits in BITS for sign in ("u", ""))


def bits_of(type: str) -> int:
    return int(type.strip("uint_"))


def is_signed(type: str) -> bool:
    return type.startswith("i")


def wide(type: str) -> str:
    """The unsigned type in which arithmetic of `type` neither overflows nor is promoted to int."""
    return "uint64_t" if bits_of(type) == 64 else "uint32_t"


def divisions(type: str) -> str:
    """Division and remainder of a type, by zero and by -1 too."""
    guard = f"(uint64_t)({type})(0 - ({wide(type)})a)" if is_signed(type) else ""
    by_minus_one = f"b == -1 ? {guard} : " if guard else ""
    rest_by_minus_one = "b == -1 ? 0 : " if guard else ""
    return f"""\
static inline uint64_t div_{type}({type} a, {type} b)
{{
    return b == 0 ? ~(uint64_t)0 : {by_minus_one}(uint64_t)(a / b);
}}

static inline uint64_t rem_{type}({type} a, {type} b)
{{
    return b == 0 ? (uint64_t)a : {rest_by_minus_one}(uint64_t)(a % b);
}}
"""


HEAD = """\
#include <assay/guest.h>
#include <setjmp.h>
#include <stdarg.h>

/* Linux begins here; a guest never does. Its system call number is in t0: 64 writes, 93 ends. */
uint64_t main_endpoint(uint64_t, uint64_t, uint64_t, uint64_t);
__asm__(".pushsection .text._start,\\"ax\\",@progbits\\n"
        ".globl _start\\n"
        ".type _start, @function\\n"
        "_start:\\n"
        "li a0, 0\\n"
        "li a1, 0\\n"
        "li a2, 0\\n"
        "li a3, 0\\n"
        "call main_endpoint\\n"
        "addi sp, sp, -8\\n"
        "sd a0, 0(sp)\\n"
        "li a0, 1\\n"
        "mv a1, sp\\n"
        "li a2, 8\\n"
        "li t0, 64\\n"
        "ecall\\n"
        "li a0, 0\\n"
        "li t0, 93\\n"
        "ecall\\n"
        "unimp\\n"
        ".size _start, . - _start\\n"
        ".popsection\\n");

static uint64_t digest = 0x9e3779b97f4a7c15;

__attribute__((noinline)) static void note(uint64_t value)
{
    digest = (digest ^ value) * 0xff51afd7ed558ccd;
    digest ^= digest >> 31;
}

__attribute__((unused)) static void note_bytes(const void *from, size_t size)
{
    const uint8_t *byte = from;
    for (size_t i = 0; i < size; i++) {
        note(byte[i]);
    }
}

static inline uint64_t mul_high(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

static inline uint64_t mul_high_signed(uint64_t a, uint64_t b)
{
    return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
}

static inline uint64_t mul_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t rotate_64(uint64_t a, uint64_t b)
{
    return a << (b & 63) | a >> (-b & 63);
}

static inline uint64_t rotate_32(uint64_t a, uint64_t b)
{
    return (uint32_t)a << (b & 31) | (uint32_t)a >> (-b & 31);
}

__attribute__((unused)) static uint64_t mix_all(int count, ...)
{
    va_list rest;
    uint64_t sum = (uint64_t)count;
    va_start(rest, count);
    for (int i = 0; i < count; i++) {
        sum = rotate_64(sum, 7) + va_arg(rest, uint64_t);
    }
    va_end(rest);
    return sum;
}

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

__attribute__((unused)) static wide wide_divide(wide a, wide b)
{
    return b == 0 ? ~(wide)0 : b == ~(wide)0 ? 0 - a : (wide)((signed_wide)a / (signed_wide)b);
}

__attribute__((unused)) static wide wide_rest(wide a, wide b)
{
    return b == 0 ? a : b == ~(wide)0 ? 0 : (wide)((signed_wide)a % (signed_wide)b);
}

struct of_two {
    uint64_t first;
    uint32_t second;
};

/* i int, l word, s struct, p pointer at a word */
__attribute__((unused)) static uint64_t mix_list(const char *kinds, va_list rest)
{
    uint64_t sum = 0;
    for (; *kinds != 0; kinds++) {
        uint64_t value = 0;
        struct of_two both;
        switch (*kinds) {
        case 'i':
            value = (uint64_t)va_arg(rest, int);
            break;
        case 'l':
            value = va_arg(rest, uint64_t);
            break;
        case 's':
            both = va_arg(rest, struct of_two);
            value = both.first * 31 + both.second;
            break;
        case 'p':
            value = ++*va_arg(rest, uint64_t *);
            break;
        }
        sum = rotate_64(sum, 9) + value;
    }
    return sum;
}

__attribute__((unused, noinline)) static uint64_t mix_kinds(const char *kinds, ...)
{
    va_list first, second;
    uint64_t sum;
    va_start(first, kinds);
    va_copy(second, first);
    sum = mix_list(kinds, first);
    sum = sum * 31 + mix_list(kinds, second);
    va_end(second);
    va_end(first);
    return sum;
}
"""

TEXT = HEAD + "\n" + "\n".join(divisions(type) for type in TYPES)
