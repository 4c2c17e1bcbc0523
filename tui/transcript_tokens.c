/* What stands where in a transcript. */
#include <string.h>

#include "tui/transcript.h"

/* The part that a node is; NULL: none. Along a path the numbers of nodes
 * grow. */
static const gb_part *
part_of(const gb_transcript *t, uint32_t node)
{
    size_t low = 0, high = t->n_parts, middle;

    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (t->parts[middle].node <= node)
            low = middle;
        else
            high = middle;
    }
    return low < t->n_parts && t->parts[low].node == node ? &t->parts[low]
                                                          : NULL;
}

gb_view_pos
gb_transcript_place(const gb_transcript *t, uint32_t node, size_t byte)
{
    const gb_part *p = part_of(t, node);

    if (p == NULL)
        return (gb_view_pos){0, 0};
    return t->sink.advance(t->sink.arg, p->begin, byte);
}

/* Notes have no tokens that count. */
static uint32_t
counted(const gb_part *p)
{
    return p->role != GB_ROLE_NOTE ? p->n_tokens : 0;
}

uint64_t
gb_transcript_tokens(const gb_transcript *t)
{
    const gb_part *p = t->n_parts > 0 ? &t->parts[t->n_parts - 1] : NULL;

    return p != NULL ? p->number + counted(p) : 0;
}

/* Bytes of a part, as the sink has it, before the end of token i. */
static size_t
token_end(const gb_transcript *t, const gb_part *p, uint32_t i)
{
    return p->tokens[i].end +
           (p->ended && i + 1 == p->n_tokens ? strlen(t->sink.ended) : 0);
}

static size_t
token_begin(const gb_part *p, uint32_t i)
{
    return i > 0 ? p->tokens[i - 1].end : 0;
}

/* The last part that begins at or before a place. */
static const gb_part *
part_at(const gb_transcript *t, gb_view_pos pos)
{
    size_t low = 0, high = t->n_parts, middle;

    if (t->n_parts == 0 || gb_view_is_beyond(t->parts[0].begin, pos))
        return NULL;
    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (!gb_view_is_beyond(t->parts[middle].begin, pos))
            low = middle;
        else
            high = middle;
    }
    return &t->parts[low];
}

bool
gb_transcript_token_at(const gb_transcript *t, gb_view_pos pos,
                       uint64_t *number)
{
    const gb_part *p = part_at(t, pos);
    uint32_t low = 0, high, middle;
    size_t at;

    if (p == NULL || counted(p) == 0 || !gb_view_is_beyond(p->end, pos))
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

/* The part that has a token; NULL: none. */
static const gb_part *
part_with(const gb_transcript *t, uint64_t number)
{
    size_t low = 0, high = t->n_parts, middle;

    if (number >= gb_transcript_tokens(t))
        return NULL;
    while (high - low > 1) {
        middle = low + (high - low) / 2;
        if (t->parts[middle].number <= number)
            low = middle;
        else
            high = middle;
    }
    return &t->parts[low];
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
    *begin = t->sink.advance(t->sink.arg, p->begin, token_begin(p, i));
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
    *n = p->tokens[i].end - token_begin(p, i);
    return gb_str_cstr(&p->text) + token_begin(p, i);
}

bool
gb_transcript_number(const gb_transcript *t, gb_place place,
                     uint64_t *number)
{
    const gb_part *p = part_of(t, place.node);

    *number = 0;
    if (p == NULL)
        return place.node == 0;
    *number = p->number + (place.tokens < counted(p) ? place.tokens
                                                     : counted(p));
    return true;
}
