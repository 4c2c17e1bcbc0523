#include "session/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Places that are compared, and tokens at each. */
enum { PLACES = 16, FAR = 64 };
/* Tokens of a text that stand before the part of it that is new. */
enum { BEFORE = 16 };
#define NOWHERE SIZE_MAX

struct gb_lookup {
    gb_ids log;      /* texts; before each, GB_NO_TOKEN */
    size_t *before;  /* (log.capacity) the place with the same hash before
                        this one, or NOWHERE */
    size_t capacity; /* of it */
    size_t *heads;   /* (n_heads) the newest place with a hash */
    size_t n_heads;  /* a power of two */
    gb_ids text;     /* that was read last */
    size_t *where;   /* (text) its tokens in the log */
    size_t n_where;
    bool apart;      /* what comes next does not stand behind it there */
    size_t next;     /* in the log, the token that may come next; NOWHERE */
    unsigned match;  /* so many before it are those of the text */
};

static void
clear_heads(gb_lookup *l, size_t n)
{
    size_t i;

    free(l->heads);
    l->n_heads = n;
    l->heads = gb_alloc_array(n, sizeof *l->heads);
    for (i = 0; i < n; i++)
        l->heads[i] = NOWHERE;
}

gb_lookup *
gb_lookup_new(void)
{
    gb_lookup *l = gb_alloc(sizeof *l);

    clear_heads(l, 1024);
    l->next = NOWHERE;
    l->apart = true;
    return l;
}

void
gb_lookup_free(gb_lookup *l)
{
    if (l == NULL)
        return;
    gb_ids_free(&l->log);
    gb_ids_free(&l->text);
    free(l->before);
    free(l->heads);
    free(l->where);
    free(l);
}

/* Where the run of tokens that ends at a place of the log begins its chain;
 * NULL: it is not a whole one. */
static size_t *
find_head(const gb_lookup *l, size_t at)
{
    uint64_t hash = 0;
    size_t i;

    if (at + 1 < GB_LOOKUP_GRAM)
        return NULL;
    for (i = at + 1 - GB_LOOKUP_GRAM; i <= at; i++) {
        if (l->log.data[i] == GB_NO_TOKEN)
            return NULL;
        hash = (hash ^ l->log.data[i]) * 0x9e3779b97f4a7c15u;
    }
    return &l->heads[(hash >> 32) & (l->n_heads - 1)];
}

static void
enter(gb_lookup *l, size_t at)
{
    size_t *head = find_head(l, at);

    l->before[at] = head != NULL ? *head : NOWHERE;
    if (head != NULL)
        *head = at;
}

static void
enter_all(gb_lookup *l, size_t n_heads)
{
    size_t i;

    clear_heads(l, n_heads);
    for (i = 0; i < l->log.len; i++)
        enter(l, i);
}

/* The places in the log are no longer what they were. */
static void
forget_half(gb_lookup *l)
{
    size_t half = l->log.len / 2;

    memmove(l->log.data, l->log.data + half,
            (l->log.len - half) * sizeof *l->log.data);
    l->log.len -= half;
    enter_all(l, l->n_heads);
    l->text.len = 0;
    l->next = NOWHERE;
    l->apart = true;
}

static void
push_log(gb_lookup *l, gb_token id)
{
    gb_ids_push(&l->log, id);
    if (l->log.len > l->capacity) {
        l->capacity = l->log.len * 2;
        l->before = gb_realloc_array(l->before, l->capacity,
                                     sizeof *l->before);
    }
    if (l->log.len > l->n_heads)
        enter_all(l, l->n_heads * 2);
    else
        enter(l, l->log.len - 1);
}

/* The end of a text, without another place for what stands there. */
static void
begin_part(gb_lookup *l, const gb_token *ids, size_t n)
{
    size_t i = n > BEFORE ? n - BEFORE : 0;

    push_log(l, GB_NO_TOKEN);
    for (; i < n; i++)
        push_log(l, ids[i]);
}

void
gb_lookup_learn(gb_lookup *l, const gb_token *ids, size_t n, size_t from)
{
    size_t i;

    if (l->log.len + n > GB_LOOKUP_MOST)
        forget_half(l);
    begin_part(l, ids, from);
    for (i = from; i < n; i++)
        push_log(l, ids[i]);
    l->apart = true;
}

static void
push_text(gb_lookup *l, gb_token id)
{
    if (l->apart)
        begin_part(l, l->text.data, l->text.len);
    l->apart = false;
    if (l->next != NOWHERE && l->log.data[l->next] == id) {
        l->next++;
        l->match++;
    } else {
        l->next = NOWHERE;
    }
    push_log(l, id);
    if (l->text.len == l->n_where) {
        l->n_where = l->n_where * 2 + 1024;
        l->where = gb_realloc_array(l->where, l->n_where, sizeof *l->where);
    }
    l->where[l->text.len] = l->log.len - 1;
    gb_ids_push(&l->text, id);
}

void
gb_lookup_read(gb_lookup *l, const gb_token *ids, size_t n)
{
    size_t same;

    if (l->log.len + n > GB_LOOKUP_MOST)
        forget_half(l);
    same = gb_ids_common(ids, n, l->text.data, l->text.len);
    if (same < l->text.len) {
        l->next = l->where[same];
        l->match = same < FAR ? (unsigned)same : FAR;
        l->text.len = same;
        l->apart = true;
    }
    while (same < n)
        push_text(l, ids[same++]);
}

/* How many tokens before two places of the log are the same. */
static unsigned
count_same(const gb_lookup *l, size_t a, size_t b)
{
    const gb_token *log = l->log.data;
    unsigned n = 0;

    while (n < FAR && n < a && n < b && log[a - 1 - n] == log[b - 1 - n] &&
           log[a - 1 - n] != GB_NO_TOKEN)
        n++;
    return n;
}

/* The place whose tokens before it are the text's last ones for the longest
 * stretch. */
static void
find_next(gb_lookup *l)
{
    size_t end = l->log.len, at = l->before[end - 1];
    unsigned same, i;

    for (i = 0; i < PLACES && at != NOWHERE; i++, at = l->before[at]) {
        same = count_same(l, at + 1, end);
        if (same >= GB_LOOKUP_GRAM &&
            (l->next == NOWHERE || same > l->match) &&
            l->log.data[at + 1] != GB_NO_TOKEN) {
            l->next = at + 1;
            l->match = same;
        }
    }
}

unsigned
gb_lookup_guess(gb_lookup *l, gb_token *guesses, unsigned most,
                unsigned *match)
{
    const size_t end = l->log.len;
    gb_token id = 0;
    unsigned n;
    size_t at;

    if (!l->apart && (l->next == NOWHERE || l->match < FAR))
        find_next(l);
    *match = l->next != NOWHERE ? l->match : 0;
    for (n = 0; n < most && l->next != NOWHERE; n++) {
        /* What goes round goes on behind the log's end. */
        at = l->next + n;
        if (at < end)
            id = l->log.data[at];
        else if (at - end < n)
            id = guesses[at - end];
        if (id == GB_NO_TOKEN || (at >= end && at - end >= n))
            break;
        guesses[n] = id;
    }
    return n;
}
