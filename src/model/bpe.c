#include "model/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

/* Room in merges.txt for each token that merges make (GPT-2's: 9 bytes). */
#define BYTES_PER_TOKEN 512
#define BYTES_AT_LEAST (1u << 20)
#define BYTES_AT_MOST (1u << 28)

#define NO_RANK UINT32_MAX
#define NOWHERE UINT32_MAX

/* Work space for pieces up to this length is kept between calls. */
#define KEEP 4096

typedef struct pair {
    uint32_t left, right; /* ids */
    uint32_t rank;        /* 0 is merged first */
    uint32_t result;      /* id of both together */
} pair;

/* One symbol of the piece being merged. The symbols form a list; one that was
 * merged into its left neighbour keeps its place, with NO_RANK. */
typedef struct symbol {
    uint32_t id;
    uint32_t prev, next; /* index or NOWHERE */
    uint32_t rank;       /* of the pair with next, or NO_RANK */
} symbol;

/* A pair that may be merged: rank in the upper half, index of its left symbol
 * in the lower. Stale once that symbol's rank is another. */
typedef uint64_t candidate;

struct gb_bpe {
    pair *pairs; /* (n_pairs) sorted by left, then right */
    size_t n_pairs;
    uint32_t *first;   /* (n_tokens + 1) where the pairs of a left begin */
    uint32_t *results; /* (n_pairs) by rank */
    uint32_t n_tokens;
    size_t room; /* for how many symbols there is work space */
    symbol *symbols; /* (room) */
    candidate *heap; /* (3 room) smallest on top */
    uint32_t *round; /* (room) where the pair of this round occurs */
    size_t n_heap;
};

/* What is known while merges.txt is read. */
typedef struct reader {
    const char *path;
    const gb_vocab *vocab;
    size_t line;     /* from 1 */
    bool has_header; /* rank = line - 1 - has_header */
    gb_str both;
} reader;

static bool
find_piece(const reader *r, const char *piece, uint32_t *id, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    *id = gb_vocab_find(r->vocab, piece);
    if (*id != GB_NO_TOKEN)
        return true;
    return gb_fail(err, "%s:%zu: expected pieces that vocab.json has, found "
                   "%s", r->path, r->line, gb_json_quote(piece, shown));
}

/* Reads one line, NUL-terminated in place of its line end. */
static bool
read_pair(reader *r, char *line, size_t n, pair *p, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    char *space = memchr(line, ' ', n);

    if (n > 0 && line[n - 1] == '\r')
        return gb_fail(err, "%s:%zu: expected Unix line ends (LF), found a "
                       "Windows line end (CR LF)", r->path, r->line);
    if (memchr(line, '\0', n) != NULL)
        return gb_fail(err, "%s:%zu: expected text, found a NUL byte", r->path,
                       r->line);
    if (space == NULL || space == line || space + 1 == line + n ||
        strchr(space + 1, ' ') != NULL)
        return gb_fail(err, "%s:%zu: expected two pieces with a space between, "
                       "found %s", r->path, r->line,
                       gb_json_quote(line, shown));
    gb_str_clear(&r->both);
    gb_str_append(&r->both, line, (size_t)(space - line));
    gb_str_puts(&r->both, space + 1);
    *space = '\0';
    return find_piece(r, line, &p->left, err) &&
           find_piece(r, space + 1, &p->right, err) &&
           find_piece(r, gb_str_cstr(&r->both), &p->result, err);
}

static bool
read_pairs(gb_bpe *b, reader *r, gb_str *text, gb_error *err)
{
    char *line = text->data, *end;
    size_t left = text->len, n, room = 0;

    for (; left > 0; left -= n < left ? n + 1 : n, line = end + 1) {
        end = memchr(line, '\n', left);
        n = end != NULL ? (size_t)(end - line) : left;
        end = line + n;
        r->line++;
        *end = '\0';
        if (r->line == 1 && strncmp(line, "#version", 8) == 0 &&
            line[n - 1] != '\r') {
            r->has_header = true;
            continue;
        }
        if (n == 0 && left == 1)
            break; /* a blank line at the end */
        if (b->n_pairs == room) {
            room = room > 0 ? room * 2 : 1024;
            b->pairs = gb_realloc_array(b->pairs, room, sizeof *b->pairs);
        }
        if (!read_pair(r, line, n, &b->pairs[b->n_pairs], err))
            return false;
        b->pairs[b->n_pairs].rank = (uint32_t)b->n_pairs;
        b->n_pairs++;
    }
    return true;
}

/* One pass of a counting sort, which keeps the order of equal keys: by the
 * left ids, or else the right ones. Leaves in first where each id begins. */
static void
sort_pass(const pair *from, pair *to, size_t n, bool left, uint32_t *first,
          size_t n_tokens)
{
    size_t i;

    memset(first, 0, (n_tokens + 1) * sizeof *first);
    for (i = 0; i < n; i++)
        first[(left ? from[i].left : from[i].right) + 1]++;
    for (i = 0; i < n_tokens; i++)
        first[i + 1] += first[i];
    for (i = 0; i < n; i++)
        to[first[left ? from[i].left : from[i].right]++] = from[i];
    /* each entry now is where the next id begins */
    memmove(first + 1, first, n_tokens * sizeof *first);
    first[0] = 0;
}

/* Sorts the pairs for find_rank. A pair that is there twice is an error. */
static bool
sort_pairs(gb_bpe *b, const reader *r, gb_error *err)
{
    pair *p = b->pairs, *by_right = gb_alloc_array(b->n_pairs, sizeof *p);
    char left[GB_JSON_SHOWN], right[GB_JSON_SHOWN];
    size_t i, line;

    b->first = gb_alloc_array((size_t)b->n_tokens + 1, sizeof *b->first);
    b->results = gb_alloc_array(b->n_pairs, sizeof *b->results);
    sort_pass(p, by_right, b->n_pairs, false, b->first, b->n_tokens);
    sort_pass(by_right, p, b->n_pairs, true, b->first, b->n_tokens);
    free(by_right);
    for (i = 0; i < b->n_pairs; i++) {
        line = 1 + r->has_header;
        if (i > 0 && p[i].left == p[i - 1].left &&
            p[i].right == p[i - 1].right)
            return gb_fail(err, "%s:%zu: expected each pair once, found %s "
                           "with %s, which line %zu has", r->path,
                           p[i].rank + line,
                           gb_json_quote(gb_vocab_piece(r->vocab, p[i].left),
                                         left),
                           gb_json_quote(gb_vocab_piece(r->vocab, p[i].right),
                                         right),
                           p[i - 1].rank + line);
        b->results[p[i].rank] = p[i].result;
    }
    return true;
}

gb_bpe *
gb_bpe_open(const char *path, const gb_vocab *vocab, gb_error *err)
{
    reader r = {.path = path, .vocab = vocab, .both = GB_STR_INIT};
    gb_bpe *b = gb_alloc(sizeof *b);
    uint64_t limit;
    gb_str text = GB_STR_INIT;
    bool ok;

    b->n_tokens = gb_vocab_size(vocab);
    limit = (uint64_t)b->n_tokens * BYTES_PER_TOKEN + BYTES_AT_LEAST;
    if (limit > BYTES_AT_MOST)
        limit = BYTES_AT_MOST;
    ok = gb_file_read(path, (size_t)limit, &text, err) &&
         read_pairs(b, &r, &text, err) && sort_pairs(b, &r, err);
    gb_str_free(&text);
    gb_str_free(&r.both);
    if (ok)
        return b;
    gb_bpe_close(b);
    return NULL;
}

static void
free_room(gb_bpe *b)
{
    free(b->symbols);
    free(b->heap);
    free(b->round);
    b->symbols = NULL;
    b->heap = NULL;
    b->round = NULL;
    b->room = 0;
}

void
gb_bpe_close(gb_bpe *b)
{
    if (b == NULL)
        return;
    free_room(b);
    free(b->pairs);
    free(b->first);
    free(b->results);
    free(b);
}

/* Each symbol is a candidate once at the beginning, and each merge, of which
 * there are fewer than symbols, makes two more. */
static bool
make_room(gb_bpe *b, size_t n, gb_error *err)
{
    if (n <= b->room)
        return true;
    free_room(b);
    if (n < KEEP)
        n = KEEP;
    b->symbols = gb_try_alloc(n, sizeof *b->symbols);
    b->heap = gb_try_alloc(n, 3 * sizeof *b->heap);
    b->round = gb_try_alloc(n, sizeof *b->round);
    if (b->symbols == NULL || b->heap == NULL || b->round == NULL) {
        free_room(b);
        return gb_fail(err, "out of memory for a word of %zu bytes", n);
    }
    b->room = n;
    return true;
}

static uint32_t
find_rank(const gb_bpe *b, uint32_t left, uint32_t right)
{
    size_t low = b->first[left], high = b->first[left + 1], end = high, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (b->pairs[middle].right < right)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && b->pairs[low].right == right ? b->pairs[low].rank
                                                     : NO_RANK;
}

static void
push(gb_bpe *b, candidate c)
{
    size_t i = b->n_heap++, parent;

    for (; i > 0 && b->heap[parent = (i - 1) / 2] > c; i = parent)
        b->heap[i] = b->heap[parent];
    b->heap[i] = c;
}

static candidate
pop(gb_bpe *b)
{
    candidate top = b->heap[0], last = b->heap[--b->n_heap];
    size_t i = 0, child;

    while ((child = 2 * i + 1) < b->n_heap) {
        if (child + 1 < b->n_heap && b->heap[child + 1] < b->heap[child])
            child++;
        if (b->heap[child] >= last)
            break;
        b->heap[i] = b->heap[child];
        i = child;
    }
    b->heap[i] = last;
    return top;
}

/* Finds the rank of symbol i with its next one. */
static void
rank_symbol(gb_bpe *b, uint32_t i)
{
    symbol *s = &b->symbols[i];

    s->rank = s->next == NOWHERE
                  ? NO_RANK
                  : find_rank(b, s->id, b->symbols[s->next].id);
    if (s->rank != NO_RANK)
        push(b, (candidate)s->rank << 32 | i);
}

/* Merges symbol i with its next one. */
static void
merge_at(gb_bpe *b, uint32_t i)
{
    symbol *s = &b->symbols[i], *gone = &b->symbols[s->next];

    s->id = b->results[s->rank];
    s->next = gone->next;
    gone->rank = NO_RANK;
    if (s->next != NOWHERE)
        b->symbols[s->next].prev = i;
    rank_symbol(b, i);
    if (s->prev != NOWHERE)
        rank_symbol(b, s->prev);
}

/* Merges the pair of the lowest rank wherever it stands now. Pairs that this
 * makes wait for a later round, even those of a lower rank still. */
static void
merge_round(gb_bpe *b)
{
    uint32_t rank = (uint32_t)(b->heap[0] >> 32);
    size_t n = 0, i;

    while (b->n_heap > 0 && b->heap[0] >> 32 == rank)
        b->round[n++] = (uint32_t)pop(b);
    for (i = 0; i < n; i++)
        if (b->symbols[b->round[i]].rank == rank)
            merge_at(b, b->round[i]);
}

bool
gb_bpe_merge(gb_bpe *b, uint32_t *ids, size_t *n, gb_error *err)
{
    uint32_t i, left = 0;

    if (*n < 2)
        return true;
    if (*n >= GB_BPE_MAX)
        return gb_fail(err, "expected words below %u bytes, found one of %zu",
                       GB_BPE_MAX, *n);
    if (!make_room(b, *n, err))
        return false;
    b->n_heap = 0;
    for (i = 0; i < *n; i++)
        b->symbols[i] = (symbol){.id = ids[i],
                                 .prev = i > 0 ? i - 1 : NOWHERE,
                                 .next = i + 1 < *n ? i + 1 : NOWHERE};
    for (i = 0; i < *n; i++)
        rank_symbol(b, i);
    while (b->n_heap > 0)
        merge_round(b);
    for (i = 0; i != NOWHERE; i = b->symbols[i].next)
        ids[left++] = b->symbols[i].id;
    *n = left;
    if (b->room > KEEP)
        free_room(b);
    return true;
}
