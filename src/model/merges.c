#include "model/merges.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

/* Room in merges.txt for each token that merges make (GPT-2's: 9 bytes). */
#define BYTES_PER_TOKEN 512
#define BYTES_AT_LEAST (1u << 20)
#define BYTES_AT_MOST (1u << 28)

/* What is known while merges.txt is read. */
typedef struct reader {
    const char *path;
    const gb_vocab *vocab;
    size_t line;     /* from 1 */
    bool has_header; /* rank = line - 1 - has_header */
    gb_str text, both;
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
read_pair(reader *r, char *line, size_t n, gb_merge *p, gb_error *err)
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

static size_t
count_lines(const gb_str *text)
{
    const char *p = gb_str_cstr(text), *end = p + text->len;
    size_t n = 1;

    for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        n++;
    return n;
}

static bool
no_memory(const reader *r, gb_error *err)
{
    return gb_fail(err, "%s: out of memory for %zu bytes of merges", r->path,
                   r->text.len);
}

/* A pair is a way to cut a piece in two, so more lines than there are ways
 * hold one of them twice; reading ends there. */
static bool
read_lines(gb_merges *m, reader *r, gb_error *err)
{
    size_t room = count_lines(&r->text), left = r->text.len, n;
    char *line = r->text.data, *end;

    if (room > gb_vocab_cuts(r->vocab) + 1)
        room = gb_vocab_cuts(r->vocab) + 1;
    m->by_rank = gb_try_alloc(room, sizeof *m->by_rank);
    if (m->by_rank == NULL)
        return no_memory(r, err);
    for (; left > 0 && m->n < room;
         left -= n < left ? n + 1 : n, line = end + 1) {
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
        if (!read_pair(r, line, n, &m->by_rank[m->n], err))
            return false;
        m->n++;
    }
    return true;
}

/* Turns counts of ids, each in the place behind its own, into where the first
 * of each comes when they stand in order. */
static void
add_up(uint32_t *first, size_t n_tokens)
{
    size_t i;

    for (i = 0; i < n_tokens; i++)
        first[i + 1] += first[i];
}

/* Fills the index by two passes of a counting sort, which keeps the order of
 * equal keys. `order` (n) is scratch. */
static void
sort(gb_merges *m, size_t n_tokens, uint32_t *order)
{
    const gb_merge *p = m->by_rank;
    uint32_t *first = m->first, rank;
    size_t i;

    for (i = 0; i < m->n; i++)
        first[p[i].right + 1]++;
    add_up(first, n_tokens);
    for (i = 0; i < m->n; i++)
        order[first[p[i].right]++] = (uint32_t)i;
    memset(first, 0, (n_tokens + 1) * sizeof *first);
    for (i = 0; i < m->n; i++)
        first[p[i].left + 1]++;
    add_up(first, n_tokens);
    for (i = 0; i < m->n; i++) {
        rank = order[i];
        m->index[first[p[rank].left]++] = (gb_right){p[rank].right, rank};
    }
    /* each entry now is where the next id begins */
    memmove(first + 1, first, n_tokens * sizeof *first);
    first[0] = 0;
}

/* Sorts the pairs for gb_merges_rank. */
static bool
make_index(gb_merges *m, const reader *r, gb_error *err)
{
    size_t n_tokens = gb_vocab_size(r->vocab);
    uint32_t *order = gb_try_alloc(m->n, sizeof *order);

    m->first = gb_try_alloc(n_tokens + 1, sizeof *m->first);
    m->index = gb_try_alloc(m->n, sizeof *m->index);
    if (order != NULL && m->first != NULL && m->index != NULL)
        sort(m, n_tokens, order);
    free(order);
    return (order != NULL && m->first != NULL && m->index != NULL) ||
           no_memory(r, err);
}

static bool
check_once(const gb_merges *m, const reader *r, gb_error *err)
{
    const gb_merge *now, *before;
    char left[GB_JSON_SHOWN], right[GB_JSON_SHOWN];
    const size_t line = 1 + r->has_header;
    size_t i;

    for (i = 1; i < m->n; i++) {
        now = &m->by_rank[m->index[i].rank];
        before = &m->by_rank[m->index[i - 1].rank];
        if (now->left == before->left && now->right == before->right)
            return gb_fail(err, "%s:%zu: expected each pair once, found %s "
                           "with %s, which line %zu has", r->path,
                           m->index[i].rank + line,
                           gb_json_quote(gb_vocab_piece(r->vocab, now->left),
                                         left),
                           gb_json_quote(gb_vocab_piece(r->vocab, now->right),
                                         right),
                           m->index[i - 1].rank + line);
    }
    return true;
}

bool
gb_merges_read(gb_merges *m, const char *path, const gb_vocab *vocab,
               gb_error *err)
{
    reader r = {.path = path, .vocab = vocab, .text = GB_STR_INIT,
                .both = GB_STR_INIT};
    uint64_t limit = (uint64_t)gb_vocab_size(vocab) * BYTES_PER_TOKEN +
                     BYTES_AT_LEAST;
    bool ok;

    memset(m, 0, sizeof *m);
    if (limit > BYTES_AT_MOST)
        limit = BYTES_AT_MOST;
    ok = gb_file_read(path, (size_t)limit, &r.text, err) &&
         read_lines(m, &r, err);
    gb_str_free(&r.text);
    gb_str_free(&r.both);
    return ok && make_index(m, &r, err) && check_once(m, &r, err);
}

void
gb_merges_free(gb_merges *m)
{
    free(m->by_rank);
    free(m->index);
    free(m->first);
    memset(m, 0, sizeof *m);
}
