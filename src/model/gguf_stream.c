#include "model/gguf_stream.h"

#include <endian.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HEADER_LIMIT (256u << 20) /* bytes; a large vocabulary takes ten
                                     millions */
#define STRING_LIMIT (64u << 20) /* bytes; a chat template has thousands */
#define WINDOW 65536u

typedef gb_gguf_stream stream;

void
gb_gguf_stream_close(stream *s)
{
    free(s->window);
    s->window = NULL;
}

bool
gb_gguf_refuse(const stream *s, const char *format, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return gb_fail(s->err, "%s: byte %" PRIu64 ": %s", s->path, s->at,
                   text);
}

uint64_t
gb_gguf_left(const stream *s)
{
    return s->source->size - s->at;
}

/* Makes n bytes lie in the window. */
static bool
fill(stream *s, size_t n)
{
    const size_t have = s->n - s->used;
    size_t room = n > WINDOW ? n : WINDOW;
    char *window = s->window;

    if (room > s->room) {
        window = gb_try_alloc(room, 1);
        if (window == NULL)
            return gb_fail(s->err, "%s: out of memory for %zu bytes",
                           s->path, room);
    }
    if (have > 0)
        memmove(window, s->window + s->used, have);
    if (window != s->window) {
        free(s->window);
        s->window = window;
        s->room = room;
    }
    s->used = 0;
    s->n = gb_gguf_left(s) < s->room ? (size_t)gb_gguf_left(s) : s->room;
    return gb_source_read(s->source, s->path, s->at + have,
                          s->window + have, s->n - have, s->err);
}

const char *
gb_gguf_take(stream *s, uint64_t n)
{
    const char *p;

    if (n > gb_gguf_left(s)) {
        gb_gguf_refuse(s, "expected %" PRIu64 " bytes more, found the end of "
                       "the file (is it cut off?)", n);
        return NULL;
    }
    if (n > HEADER_LIMIT - s->at) {
        gb_gguf_refuse(s, "expected at most %u bytes before the weights, found "
                       "more", HEADER_LIMIT);
        return NULL;
    }
    if (n > s->n - s->used && !fill(s, (size_t)n))
        return NULL;
    p = s->window + s->used;
    s->used += (size_t)n;
    s->at += n;
    return p;
}

bool
gb_gguf_take_u32(stream *s, uint32_t *out)
{
    const char *p = gb_gguf_take(s, sizeof *out);

    *out = 0;
    if (p != NULL)
        memcpy(out, p, sizeof *out);
    *out = le32toh(*out);
    return p != NULL;
}

bool
gb_gguf_take_u64(stream *s, uint64_t *out)
{
    const char *p = gb_gguf_take(s, sizeof *out);

    *out = 0;
    if (p != NULL)
        memcpy(out, p, sizeof *out);
    *out = le64toh(*out);
    return p != NULL;
}

const char *
gb_gguf_take_text(stream *s, uint64_t *n)
{
    if (!gb_gguf_take_u64(s, n))
        return NULL;
    if (*n <= STRING_LIMIT)
        return gb_gguf_take(s, *n);
    gb_gguf_refuse(s, "expected a text of at most %u bytes, found a length of "
                   "%" PRIu64, STRING_LIMIT, *n);
    return NULL;
}

char *
gb_gguf_take_name(stream *s)
{
    uint64_t n = 0;
    const char *p = gb_gguf_take_text(s, &n);

    if (p == NULL)
        return NULL;
    if (n > 0 && n < 65536 && memchr(p, '\0', (size_t)n) == NULL)
        return gb_strndup(p, (size_t)n);
    gb_gguf_refuse(s, "expected a name, found a text of %" PRIu64 " bytes", n);
    return NULL;
}
