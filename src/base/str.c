#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
gb_str_free(gb_str *s)
{
    free(s->data);
    *s = (gb_str)GB_STR_INIT;
}

void
gb_str_clear(gb_str *s)
{
    s->len = 0;
    if (s->data != NULL)
        s->data[0] = '\0';
}

void
gb_str_reserve(gb_str *s, size_t more)
{
    size_t need = s->len + more + 1;
    size_t capacity = s->capacity > 0 ? s->capacity : 32;

    if (need <= s->capacity)
        return;
    while (capacity < need)
        capacity += capacity / 2;
    s->data = gb_realloc_array(s->data, capacity, 1);
    s->capacity = capacity;
}

void
gb_str_append(gb_str *s, const void *bytes, size_t n)
{
    gb_str_reserve(s, n);
    if (n > 0)
        memcpy(s->data + s->len, bytes, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void
gb_str_puts(gb_str *s, const char *text)
{
    gb_str_append(s, text, strlen(text));
}

void
gb_str_putc(gb_str *s, char c)
{
    gb_str_append(s, &c, 1);
}

void
gb_str_printf(gb_str *s, const char *format, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, format);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    if (n > 0) {
        gb_str_reserve(s, (size_t)n);
        vsnprintf(s->data + s->len, (size_t)n + 1, format, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

void
gb_str_drop(gb_str *s, size_t n)
{
    if (n >= s->len) {
        gb_str_clear(s);
        return;
    }
    memmove(s->data, s->data + n, s->len - n + 1);
    s->len -= n;
}

const char *
gb_str_cstr(const gb_str *s)
{
    return s->data != NULL ? s->data : "";
}

char *
gb_str_take(gb_str *s)
{
    char *data = s->data != NULL ? s->data : gb_strdup("");

    *s = (gb_str)GB_STR_INIT;
    return data;
}
