#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void
set(gb_error *err, gb_status status, const char *format, va_list ap)
{
    if (err == NULL)
        return;
    err->status = status;
    err->log[0] = '\0';
    vsnprintf(err->text, sizeof err->text, format, ap);
}

bool
gb_fail(gb_error *err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    set(err, GB_FAILED, format, ap);
    va_end(ap);
    return false;
}

bool
gb_fail_usage(gb_error *err, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    set(err, GB_USAGE, format, ap);
    va_end(ap);
    return false;
}

bool
gb_fail_interrupted(gb_error *err)
{
    if (err != NULL) {
        err->status = GB_INTERRUPTED;
        strcpy(err->text, "interrupted");
        err->log[0] = '\0';
    }
    return false;
}

bool
gb_fail_no_reader(gb_error *err, const char *name)
{
    gb_fail(err, "%s: nobody reads it any more", name);
    if (err != NULL)
        err->status = GB_NO_READER;
    return false;
}

bool
gb_fail_context(gb_error *err, const char *format, ...)
{
    char context[sizeof err->text];
    size_t n, room, keep;
    va_list ap;

    if (err == NULL)
        return false;
    va_start(ap, format);
    vsnprintf(context, sizeof context - 2, format, ap);
    va_end(ap);
    strcat(context, ": ");
    n = strlen(context);
    room = sizeof err->text - 1 - n;
    keep = strlen(err->text);
    if (keep > room)
        keep = room;
    memmove(err->text + n, err->text, keep);
    memcpy(err->text, context, n);
    err->text[n + keep] = '\0';
    return false;
}
