#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*out_of_memory_hook)(void);

void
gb_on_out_of_memory(void (*hook)(void))
{
    out_of_memory_hook = hook;
}

static _Noreturn void
out_of_memory(void)
{
    static const char text[] = "gumbel: out of memory\n";

    if (out_of_memory_hook != NULL)
        out_of_memory_hook();
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(1);
    _exit(1);
}

void *
gb_try_alloc(size_t count, size_t size)
{
    return calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

void *
gb_alloc_array(size_t count, size_t size)
{
    void *p = gb_try_alloc(count, size);

    if (p == NULL)
        out_of_memory();
    return p;
}

void *
gb_alloc(size_t size)
{
    return gb_alloc_array(1, size);
}

void *
gb_realloc_array(void *old, size_t count, size_t size)
{
    void *p;

    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    p = realloc(old, count * size > 0 ? count * size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

char *
gb_strndup(const char *s, size_t n)
{
    char *p = gb_alloc(n + 1);

    memcpy(p, s, n);
    return p;
}

char *
gb_strdup(const char *s)
{
    return gb_strndup(s, strlen(s));
}

char *
gb_format(const char *format, ...)
{
    va_list ap;
    char *p;

    va_start(ap, format);
    if (vasprintf(&p, format, ap) < 0)
        out_of_memory();
    va_end(ap);
    return p;
}
