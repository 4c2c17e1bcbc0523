#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

bool
gb_parse_u64(const char *text, uint64_t *value)
{
    uint64_t v = 0;
    const char *p;
    unsigned digit;

    for (p = text; *p >= '0' && *p <= '9'; p++) {
        digit = (unsigned)(*p - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (p == text || *p != '\0')
        return false;
    *value = v;
    return true;
}

bool
gb_parse_double(const char *text, double *value)
{
    char *end;
    double v;

    /* strtod also takes white space, hexadecimal, "nan" and "infinity". */
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    v = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(v))
        return false;
    *value = v;
    return true;
}

bool
gb_parse_switch(const char *text, bool *value)
{
    static const char *const words[] = {
        "off", "on", "false", "true", "no", "yes", "0", "1",
    };
    size_t i;

    for (i = 0; i < GB_COUNT(words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2 != 0;
            return true;
        }
    }
    return false;
}
