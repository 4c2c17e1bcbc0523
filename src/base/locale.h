/* The user's locale. */
#ifndef GB_BASE_LOCALE_H
#define GB_BASE_LOCALE_H

#include <stdbool.h>

/* Sets it, with numbers as in C: they are read and written with a dot. Where
 * it knows ASCII alone, or the system does not have it, characters are those
 * of UTF-8 nevertheless, if the system has any locale for that: text is UTF-8
 * here, and what is typed must not be taken apart. */
void gb_locale_open(void);

/* UTF-8 may be printed: the user has not asked for anything less. */
bool gb_locale_is_utf8(void);

#endif
