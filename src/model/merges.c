#include "model/merges.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#define MERGES_LIMIT (1u << 27) /* bytes; GPT-2's has half a million */

/* What is known while merges are read. */
typedef struct reader {
    const char *where, *mark; /* "merges.txt" ":", "tokenizer.json: ..." " " */
    const gb_vocab *vocab;
    size_t line; /* from 1; entry of a list, from 0 */
    gb_str both;
} reader;

/* Fills in "WHERE:LINE: " followed by the text. Returns false. */
static bool __attribute__((format(printf, 3, 4)))
refuse(const reader *r, gb_error *err, const char *format, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    return gb_fail(err, "%s%s%zu: %s", r->where, r->mark, r->line, text);
}

static bool
find_piece(const reader *r, const char *piece, uint32_t *id, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    *id = gb_vocab_find(r->vocab, piece);
    return *id != GB_NO_TOKEN ||
           refuse(r, err, "expected pieces that the vocabulary has, found %s",
                  gb_json_quote(piece, shown));
}

static bool
put_pair(reader *r, const char *left, const char *right, gb_merge *p,
         gb_error *err)
{
    gb_str_clear(&r->both);
    gb_str_puts(&r->both, left);
    gb_str_puts(&r->both, right);
    return find_piece(r, left, &p->left, err) &&
           find_piece(r, right, &p->right, err) &&
           find_piece(r, gb_str_cstr(&r->both), &p->result, err);
}

/* Two pieces with one space between, which is replaced by a NUL. */
static bool
read_pair(reader *r, char *line, gb_merge *p, gb_error *err)
{
    char shown[GB_JSON_SHOWN];
    char *space = strchr(line, ' ');

    if (space == NULL || space == line || space[1] == '\0' ||
        strchr(space + 1, ' ') != NULL)
        return refuse(r, err, "expected two pieces with a space between, "
                      "found %s", gb_json_quote(line, shown));
    *space = '\0';
    return put_pair(r, line, space + 1, p, err);
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
make_room(gb_merges *m, const reader *r, size_t n, gb_error *err)
{
    m->by_rank = gb_try_alloc(n + 1, sizeof *m->by_rank);
    return m->by_rank != NULL ||
           gb_fail(err, "%s: out of memory for %zu merges", r->where, n);
}

/* Reads one line of n bytes, NUL-terminated in place of its line end. */
static bool
read_line(gb_merges *m, reader *r, char *line, size_t n, gb_error *err)
{
    if (memchr(line, '\0', n) != NULL)
        return refuse(r, err, "expected text, found a NUL byte");
    if (n > 0 && line[n - 1] == '\r')
        line[--n] = '\0';
    if (strncmp(line, "#version", 8) == 0)
        return true;
    if (!read_pair(r, line, &m->by_rank[m->n], err))
        return false;
    m->n++;
    return true;
}

/* A blank line at the end is none. */
static bool
read_lines(gb_merges *m, reader *r, gb_str *text, gb_error *err)
{
    size_t left = text->len, n;
    char *line = text->data, *end;

    if (!make_room(m, r, count_lines(text), err))
        return false;
    for (; left > 0; left -= n < left ? n + 1 : n, line = end + 1) {
        end = memchr(line, '\n', left);
        n = end != NULL ? (size_t)(end - line) : left;
        end = line + n;
        r->line++;
        *end = '\0';
        if ((n == 0 && left == 1) ||
            (n == 1 && line[0] == '\r' && left <= 2))
            break;
        if (!read_line(m, r, line, n, err))
            return false;
    }
    return true;
}

/* "a b", or ["a", "b"]. */
static bool
take_pair(reader *r, const json_t *value, gb_merge *p, gb_error *err)
{
    const char *left = json_string_value(json_array_get(value, 0));
    const char *right = json_string_value(json_array_get(value, 1));
    char shown[GB_JSON_SHOWN], *line;
    bool ok;

    if (json_is_string(value)) {
        line = gb_strdup(json_string_value(value));
        ok = read_pair(r, line, p, err);
        free(line);
        return ok;
    }
    if (json_array_size(value) != 2 || left == NULL || right == NULL)
        return refuse(r, err, "expected two pieces, found %s",
                      gb_json_show(value, shown));
    return put_pair(r, left, right, p, err);
}

static bool
take_list(gb_merges *m, reader *r, const json_t *list, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    if (!json_is_array(list))
        return gb_fail(err, "%s: expected a list, found %s", r->where,
                       gb_json_show(list, shown));
    if (!make_room(m, r, json_array_size(list), err))
        return false;
    for (; m->n < json_array_size(list); m->n++, r->line++)
        if (!take_pair(r, json_array_get(list, m->n), &m->by_rank[m->n], err))
            return false;
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
    uint32_t *order = gb_try_alloc(m->n + 1, sizeof *order);

    m->first = gb_try_alloc(n_tokens + 1, sizeof *m->first);
    m->index = gb_try_alloc(m->n + 1, sizeof *m->index);
    if (order != NULL && m->first != NULL && m->index != NULL)
        sort(m, n_tokens, order);
    free(order);
    return (order != NULL && m->first != NULL && m->index != NULL) ||
           gb_fail(err, "%s: out of memory for %zu merges", r->where, m->n);
}

bool
gb_merges_read(gb_merges *m, const char *path, const gb_vocab *vocab,
               gb_error *err)
{
    reader r = {path, ":", vocab, 0, GB_STR_INIT};
    gb_str text = GB_STR_INIT;
    bool ok;

    memset(m, 0, sizeof *m);
    ok = gb_file_read(path, MERGES_LIMIT, &text, err) &&
         gb_check_lfs(path, gb_str_cstr(&text), text.len, err) &&
         read_lines(m, &r, &text, err) && make_index(m, &r, err);
    gb_str_free(&text);
    gb_str_free(&r.both);
    return ok;
}

bool
gb_merges_take(gb_merges *m, const json_t *list, const char *where,
               const gb_vocab *vocab, gb_error *err)
{
    reader r = {where, " ", vocab, 0, GB_STR_INIT};
    bool ok;

    memset(m, 0, sizeof *m);
    ok = take_list(m, &r, list, err) && make_index(m, &r, err);
    gb_str_free(&r.both);
    return ok;
}

void
gb_merges_free(gb_merges *m)
{
    free(m->by_rank);
    free(m->index);
    free(m->first);
    memset(m, 0, sizeof *m);
}
