#include "session/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* One stop string, looked for as Knuth, Morris and Pratt do. */
typedef struct stop {
    char *text;
    size_t n;
    size_t *shorter; /* (n + 1) for a match of length i > 0: the next shorter
                      * prefix of text that it ends with */
    size_t matched;  /* so much of text is what the stream ends with */
} stop;

struct gb_stream {
    stop *stops;
    size_t n_stops;
    gb_str held;
    bool stopped;
};

/* The longest prefix of the stop string that ends with c, after a match of
 * length `matched`. */
static size_t
extend(const stop *p, size_t matched, char c)
{
    while (matched > 0 && (matched == p->n || p->text[matched] != c))
        matched = p->shorter[matched];
    return p->text[matched] == c ? matched + 1 : 0;
}

static void
fill_shorter(stop *p)
{
    size_t i;

    p->shorter = gb_alloc_array(p->n + 1, sizeof *p->shorter);
    for (i = 1; i < p->n; i++)
        p->shorter[i + 1] = extend(p, p->shorter[i], p->text[i]);
}

gb_stream *
gb_stream_new(const char *const *stops, size_t n_stops)
{
    gb_stream *s = gb_alloc(sizeof *s);
    size_t i;

    s->n_stops = n_stops;
    s->stops = gb_alloc_array(n_stops, sizeof *s->stops);
    for (i = 0; i < n_stops; i++) {
        s->stops[i].n = strlen(stops[i]);
        s->stops[i].text = gb_strdup(stops[i]);
        fill_shorter(&s->stops[i]);
    }
    return s;
}

void
gb_stream_free(gb_stream *s)
{
    size_t i;

    if (s == NULL)
        return;
    for (i = 0; i < s->n_stops; i++) {
        free(s->stops[i].text);
        free(s->stops[i].shorter);
    }
    free(s->stops);
    gb_str_free(&s->held);
    free(s);
}

/* Goes one byte on. Returns the length of the longest stop string that it
 * completes, or 0; *begun is the longest beginning of one. */
static size_t
match(gb_stream *s, char c, size_t *begun)
{
    size_t i, complete = 0;
    stop *p;

    *begun = 0;
    for (i = 0; i < s->n_stops; i++) {
        p = &s->stops[i];
        p->matched = extend(p, p->matched, c);
        if (p->matched == p->n && p->n > complete)
            complete = p->n;
        if (p->matched > *begun)
            *begun = p->matched;
    }
    return complete;
}

bool
gb_stream_push(gb_stream *s, const char *bytes, size_t n, gb_str *out)
{
    size_t at = s->held.len, begun = 0, complete;

    if (s->stopped || n == 0)
        return s->stopped;
    gb_str_append(&s->held, bytes, n);
    while (at < s->held.len) {
        complete = match(s, s->held.data[at++], &begun);
        if (complete > 0) {
            gb_utf8_clean(out, s->held.data, at - complete, true);
            gb_str_clear(&s->held);
            s->stopped = true;
            return true;
        }
    }
    at = gb_utf8_clean(out, s->held.data, s->held.len - begun, false);
    gb_str_drop(&s->held, at);
    return false;
}

bool
gb_stream_push_token(gb_stream *s, const gb_tokenizer *tokenizer,
                     const gb_ends *ends, gb_token id, gb_str *out)
{
    const char *bytes;
    size_t n;

    if (ends != NULL && gb_ends_has(ends, id))
        return s->stopped;
    bytes = gb_tokenizer_bytes(tokenizer, id, &n);
    return gb_stream_push(s, bytes, n, out);
}

void
gb_stream_end(gb_stream *s, gb_str *out)
{
    gb_utf8_clean(out, gb_str_cstr(&s->held), s->held.len, true);
    gb_str_clear(&s->held);
}
