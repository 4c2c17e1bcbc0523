/* What stands where in a transcript. */
#include <string.h>

#include "tui/transcript.h"

/* The last part that does not stand behind a key; NULL: all do, or there are
 * none. */
static const gb_part *
last_part(const gb_transcript *t,
          bool (*is_behind)(const gb_part *p, const void *key),
          const void *key)
{
    size_t low = 0, high = t->n_parts, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (is_behind(&t->parts[middle], key))
            high = middle;
        else
            low = middle + 1;
    }
    return low > 0 ? &t->parts[low - 1] : NULL;
}

/* Along a path the numbers of nodes grow. */
static bool
is_behind_node(const gb_part *p, const void *key)
{
    return p->node > *(const uint32_t *)key;
}

static bool
is_behind_pos(const gb_part *p, const void *key)
{
    return gb_view_is_beyond(p->begin, *(const gb_view_pos *)key);
}

static bool
is_behind_token(const gb_part *p, const void *key)
{
    return p->number > *(const uint64_t *)key;
}

/* The part that a node is; NULL: none. */
static const gb_part *
part_of(const gb_transcript *t, uint32_t node)
{
    const gb_part *p = last_part(t, is_behind_node, &node);

    return p != NULL && p->node == node ? p : NULL;
}

/* The part that has a token; NULL: none. */
static const gb_part *
part_with(const gb_transcript *t, uint64_t number)
{
    return number < gb_transcript_tokens(t)
               ? last_part(t, is_behind_token, &number) : NULL;
}

gb_view_pos
gb_transcript_place(const gb_transcript *t, uint32_t node, size_t byte)
{
    const gb_part *p = part_of(t, node);

    if (p == NULL)
        return (gb_view_pos){0, 0};
    return t->sink.advance(t->sink.arg, p->begin, byte);
}

uint64_t
gb_transcript_tokens(const gb_transcript *t)
{
    const gb_part *p = t->n_parts > 0 ? &t->parts[t->n_parts - 1] : NULL;

    return p != NULL ? p->number + p->n_tokens : 0;
}

size_t
gb_part_bytes(const gb_part *part, uint32_t i)
{
    if (i >= part->n_tokens)
        return part->text.len;
    return i > 0 ? part->tokens[i - 1].end : 0;
}

void
gb_transcript_before(const gb_transcript *t, gb_place place, size_t most,
                     void (*put)(void *arg, gb_role role, const char *text,
                                 size_t n),
                     void *arg)
{
    const gb_part *last = last_part(t, is_behind_node, &place.node), *p = last;
    size_t end, n, from;

    if (last == NULL)
        return;
    end = last->node == place.node ? gb_part_bytes(last, place.tokens)
                                   : last->text.len;
    for (n = end; p > t->parts && n < most; n += p->text.len)
        p--;
    for (from = n > most ? n - most : 0; p <= last; p++, from = 0) {
        n = p == last ? end : p->text.len;
        /* What is cut off takes the rest of a character along. */
        while (from > 0 && from < n && (p->text.data[from] & 0xc0) == 0x80)
            from++;
        if (n > from)
            put(arg, p->role, p->text.data + from, n - from);
    }
}

/* Bytes of a part, as the sink has it, before the end of token i. */
static size_t
token_end(const gb_transcript *t, const gb_part *p, uint32_t i)
{
    return p->tokens[i].end +
           (p->ended && i + 1 == p->n_tokens ? strlen(t->sink.ended) : 0);
}

bool
gb_transcript_token_at(const gb_transcript *t, gb_view_pos pos,
                       uint64_t *number)
{
    const gb_part *p = last_part(t, is_behind_pos, &pos);
    uint32_t low = 0, high, middle;
    size_t at;

    if (p == NULL || !gb_view_is_beyond(p->end, pos))
        return false;
    at = t->sink.distance(t->sink.arg, p->begin, pos);
    for (high = p->n_tokens; low < high;) {
        middle = low + (high - low) / 2;
        if (token_end(t, p, middle) > at)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == p->n_tokens)
        return false;
    *number = p->number + low;
    return true;
}

bool
gb_transcript_token(const gb_transcript *t, uint64_t number,
                    gb_view_pos *begin, gb_view_pos *end,
                    const gb_written **written)
{
    const gb_part *p = part_with(t, number);
    uint32_t i;

    if (p == NULL)
        return false;
    i = (uint32_t)(number - p->number);
    *begin = t->sink.advance(t->sink.arg, p->begin, gb_part_bytes(p, i));
    *end = t->sink.advance(t->sink.arg, p->begin, token_end(t, p, i));
    if (written != NULL)
        *written = &p->tokens[i];
    return true;
}

const char *
gb_transcript_text(const gb_transcript *t, uint64_t number, size_t *n)
{
    const gb_part *p = part_with(t, number);
    uint32_t i;

    *n = 0;
    if (p == NULL)
        return "";
    i = (uint32_t)(number - p->number);
    *n = p->tokens[i].end - gb_part_bytes(p, i);
    return gb_str_cstr(&p->text) + gb_part_bytes(p, i);
}

bool
gb_transcript_number(const gb_transcript *t, gb_place place,
                     uint64_t *number)
{
    const gb_part *p = part_of(t, place.node);

    *number = 0;
    if (p == NULL)
        return place.node == 0;
    *number = p->number + (place.tokens < p->n_tokens ? place.tokens
                                                      : p->n_tokens);
    return true;
}

const gb_part *
gb_transcript_part(const gb_transcript *t, gb_place place)
{
    uint64_t number;

    return gb_transcript_number(t, place, &number) ? part_with(t, number)
                                                   : NULL;
}
