/* Letters of ASCII. */
#ifndef ASSAY_CTYPE_H
#define ASSAY_CTYPE_H

#include <assay/language.h>

ASSAY_C_BEGIN

int isalnum(int letter);
int isalpha(int letter);
int isblank(int letter);
int iscntrl(int letter);
int isdigit(int letter);
int isgraph(int letter);
int islower(int letter);
int isprint(int letter);
int ispunct(int letter);
int isspace(int letter);
int isupper(int letter);
int isxdigit(int letter);
int tolower(int letter);
int toupper(int letter);

ASSAY_C_END

#endif
