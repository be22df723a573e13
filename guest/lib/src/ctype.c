/* Letters of ASCII, by ranges. */
#include <ctype.h>

static int is_within(int letter, int first, int last)
{
    return letter >= first && letter <= last;
}

int isdigit(int letter)
{
    return is_within(letter, '0', '9');
}

int islower(int letter)
{
    return is_within(letter, 'a', 'z');
}

int isupper(int letter)
{
    return is_within(letter, 'A', 'Z');
}

int isalpha(int letter)
{
    return islower(letter) || isupper(letter);
}

int isalnum(int letter)
{
    return isalpha(letter) || isdigit(letter);
}

int isblank(int letter)
{
    return letter == ' ' || letter == '\t';
}

int isspace(int letter)
{
    return letter == ' ' || is_within(letter, '\t', '\r');
}

int iscntrl(int letter)
{
    return is_within(letter, 0, 31) || letter == 127;
}

int isprint(int letter)
{
    return is_within(letter, ' ', '~');
}

int isgraph(int letter)
{
    return is_within(letter, '!', '~');
}

int ispunct(int letter)
{
    return isgraph(letter) && !isalnum(letter);
}

int isxdigit(int letter)
{
    return isdigit(letter) || is_within(letter, 'a', 'f') || is_within(letter, 'A', 'F');
}

int tolower(int letter)
{
    return isupper(letter) ? letter + ('a' - 'A') : letter;
}

int toupper(int letter)
{
    return islower(letter) ? letter - ('a' - 'A') : letter;
}
