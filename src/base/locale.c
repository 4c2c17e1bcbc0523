#include "base/locale.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static bool
is_ascii(const char *locale)
{
    return strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
}

void
gb_locale_open(void)
{
    static const char *const others[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8",
                                         "UTF-8"};
    size_t i;

    /* One category that is not there makes the whole call fail. */
    if (setlocale(LC_ALL, "") == NULL)
        setlocale(LC_CTYPE, "");
    for (i = 0; i < GB_COUNT(others) && is_ascii(setlocale(LC_CTYPE, NULL));
         i++)
        setlocale(LC_CTYPE, others[i]);
    setlocale(LC_NUMERIC, "C");
}

/* As the environment says, which is not what the system has. */
static const char *
asked_for(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value;
    size_t i;

    for (i = 0; i < GB_COUNT(variables); i++) {
        value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return "C";
}

bool
gb_locale_is_utf8(void)
{
    const char *name = asked_for(), *codeset = strchr(name, '.');

    return !is_ascii(name) &&
           (codeset == NULL || strncasecmp(codeset, ".utf", 4) == 0) &&
           strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
