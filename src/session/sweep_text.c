#include "session/sweep_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "base/number.h"
#include "session/look.h"
#include "session/steer.h"

enum { INTERVAL = 15, BEFORE = INTERVAL + 1 + 6 + 2 }; /* columns */

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* The bytes of b between what it has in common with a at its beginning and at
 * its end, whole words; none when they are equal. */
static void
find_difference(const gb_str *a, const gb_str *b, size_t *from, size_t *to)
{
    size_t least = a->len < b->len ? a->len : b->len, same = 0, end = 0;

    while (same < least && a->data[same] == b->data[same])
        same++;
    *from = *to = same;
    if (same == a->len && same == b->len)
        return;
    while (*from > 0 && !is_space(b->data[*from - 1]))
        --*from;
    while (end < least - *from &&
           a->data[a->len - 1 - end] == b->data[b->len - 1 - end])
        end++;
    *to = b->len - end;
    while (*to < b->len && !is_space(b->data[*to]))
        ++*to;
}

/* Columns as far as the end of the word at p. */
static unsigned
word_width(const char *p, size_t n, bool ascii)
{
    unsigned width = 0;
    gb_cell cell;

    for (; n > 0; p += cell.bytes, n -= cell.bytes) {
        gb_cell_read(&cell, p, n, 0, ascii);
        if (cell.space || cell.line_end)
            break;
        width += cell.width;
    }
    return width;
}

/* Appends text in lines, the first one where the row is; what stands between
 * from and to is marked. */
static void
add_text(gb_str *row, const gb_sweep_look *l, const gb_str *text, size_t from,
         size_t to)
{
    const unsigned room = l->width > 0 ? l->width - BEFORE - 2 : UINT_MAX;
    const char *p = gb_str_cstr(text);
    bool marked = false, begins = true;
    unsigned column = 0, width;
    size_t at = strspn(p, " ");
    gb_cell cell;

    for (; at < text->len; at += cell.bytes) {
        gb_cell_read(&cell, p + at, text->len - at, 0, l->ascii);
        if (cell.line_end) {
            strcpy(cell.shown, l->ascii ? "^J" : "\xe2\x8f\x8e");
            cell.width = l->ascii ? 2 : 1;
        }
        width = begins ? word_width(p + at, text->len - at, l->ascii) : 0;
        if (marked && at >= to) {
            gb_str_puts(row, l->off);
            marked = false;
        }
        if (column > 0 && (column + cell.width > room ||
                           (column + width > room && width <= room))) {
            while (row->data[row->len - 1] == ' ')
                row->len--;
            gb_str_printf(row, "\n%*s", BEFORE, "");
            column = 0;
        }
        begins = cell.space || cell.line_end;
        if (column == 0 && cell.space)
            continue;
        if (!marked && at >= from && at < to) {
            gb_str_puts(row, l->on);
            marked = true;
        }
        gb_str_puts(row, cell.shown);
        column += cell.width;
    }
    if (marked)
        gb_str_puts(row, l->off);
}

static void
add_row(gb_str *out, const gb_sweep_look *l, const gb_sweep_text *t,
        const gb_sweep_text *above, double range)
{
    size_t from = 0, to = 0;
    char interval[64];

    snprintf(interval, sizeof interval, "%#.5g-%#.5g", t->from, t->to);
    gb_str_printf(out, "%-*s %5.1f%%  ", INTERVAL, interval,
                  range > 0 ? 100 * (t->to - t->from) / range : 100.0);
    if (above != NULL)
        find_difference(&above->text, &t->text, &from, &to);
    add_text(out, l, &t->text, from, to);
    gb_str_putc(out, '\n');
}

void
gb_sweep_format(gb_str *out, const gb_sweep_look *look,
                const gb_sweep_text *texts, size_t n, double from, double to,
                bool whole)
{
    size_t i;

    for (i = 0; i < n; i++)
        add_row(out, look, &texts[i], i > 0 ? &texts[i - 1] : NULL,
                to - from);
    gb_str_printf(out, "%zu text%s", n, n == 1 ? "" : "s");
    if (!whole)
        gb_str_printf(out, " below %.5g, where it was stopped",
                      n > 0 ? texts[n - 1].to : from);
}

/* Two texts, word by word. */

typedef struct word {
    const char *text; /* with the spaces before it */
    size_t n;
    bool same;        /* it is in both */
} word;

static size_t
list_words(const gb_str *text, word *words)
{
    const char *p = gb_str_cstr(text), *end = p + text->len, *from;
    size_t n = 0;

    for (; p < end; n++) {
        from = p;
        while (p < end && is_space(*p))
            p++;
        while (p < end && !is_space(*p))
            p++;
        words[n] = (word){from, (size_t)(p - from), false};
    }
    return n;
}

static bool
is_same_word(const word *a, const word *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

/* Finds the longest common sequence; longest[i][j] is its length in what is
 * left from the i-th and the j-th word on. */
static void
match_words(word *a, size_t n, word *b, size_t m)
{
    size_t row = m + 1, i, j;
    uint32_t *longest = gb_alloc_array((n + 1) * row, sizeof *longest), *at;

    for (i = n; i-- > 0;)
        for (j = m; j-- > 0;) {
            at = &longest[i * row + j];
            if (is_same_word(&a[i], &b[j]))
                *at = at[row + 1] + 1;
            else
                *at = at[row] > at[1] ? at[row] : at[1];
        }
    for (i = j = 0; i < n && j < m;) {
        at = &longest[i * row + j];
        if (is_same_word(&a[i], &b[j]))
            a[i++].same = b[j++].same = true;
        else if (at[row] >= at[1])
            i++;
        else
            j++;
    }
    free(longest);
}

static void
put_words(gb_str *out, const gb_sweep_look *look, const word *words, size_t n)
{
    bool marked = false;
    const char *p;
    size_t i, left;
    gb_cell cell;

    for (i = 0; i < n; i++) {
        p = words[i].text;
        left = words[i].n;
        if (marked && words[i].same)
            gb_str_puts(out, look->off);
        for (; left > 0; p += cell.bytes, left -= cell.bytes) {
            gb_cell_read(&cell, p, left, 0, look->ascii);
            if (!marked && !words[i].same && !is_space(*p)) {
                gb_str_puts(out, look->on);
                marked = true;
            }
            gb_str_puts(out, cell.line_end ? look->ascii ? "^J"
                                                         : "\xe2\x8f\x8e"
                                           : cell.shown);
        }
        marked = marked && !words[i].same;
    }
    if (marked)
        gb_str_puts(out, look->off);
}

/* The table has a row for each word. */
#define GB_MOST_WORDS 2000

void
gb_sweep_compare(gb_str *out, const gb_sweep_look *look,
                 const char *const names[2], const gb_str *before,
                 const gb_str *after)
{
    word *a = gb_alloc_array(before->len / 2 + 2, sizeof *a);
    word *b = gb_alloc_array(after->len / 2 + 2, sizeof *b);
    size_t n = list_words(before, a), m = list_words(after, b);

    if (n <= GB_MOST_WORDS && m <= GB_MOST_WORDS)
        match_words(a, n, b, m);
    gb_str_printf(out, "%s ", names[0]);
    put_words(out, look, a, n);
    gb_str_printf(out, "\n%s ", names[1]);
    put_words(out, look, b, m);
    gb_str_putc(out, '\n');
    free(a);
    free(b);
}

/* /sweep */

#define GB_SWEEP_FROM 0.5
#define GB_SWEEP_TO 1.2
#define GB_SWEEP_TEXTS 200

static bool
parse_range(const char *arg, double *from, double *to, gb_error *err)
{
    const char *gap = strchr(arg, ' ');
    char *first;
    bool ok;

    *from = GB_SWEEP_FROM;
    *to = GB_SWEEP_TO;
    if (arg[0] == '\0')
        return true;
    if (gap == NULL)
        gap = arg + strlen(arg);
    first = gb_strndup(arg, (size_t)(gap - arg));
    ok = gb_parse_double(first, from) &&
         gb_parse_double(gap + strspn(gap, " "), to) &&
         *from >= GB_TEMPERATURE_MIN && *from <= *to &&
         *to <= GB_TEMPERATURE_MAX;
    free(first);
    return ok || gb_fail_usage(err, "expected two temperatures from %g to %g, "
                               "the lower one first, found %s",
                               GB_TEMPERATURE_MIN, GB_TEMPERATURE_MAX, arg);
}

typedef struct found {
    gb_sweep_text *texts;
    size_t n;
    bool whole;
} found;

static void
tell(void *arg, const gb_sweep *sweep, double temperature)
{
    const gb_session *s = arg;

    (void)temperature;
    if (s->watcher.sweeping != NULL)
        s->watcher.sweeping(s->watcher.arg, gb_sweep_forwards(sweep));
}

/* Being interrupted is no failure. */
static bool
collect(gb_sweep *sweep, found *f, gb_error *err)
{
    gb_error stopped = GB_ERROR_INIT;
    gb_sweep_text text;

    f->texts = gb_alloc_array(GB_SWEEP_TEXTS, sizeof *f->texts);
    while (f->n < GB_SWEEP_TEXTS && gb_sweep_next(sweep, &text, &stopped))
        f->texts[f->n++] = text;
    if (stopped.status != GB_OK && stopped.status != GB_INTERRUPTED) {
        *err = stopped;
        return false;
    }
    return true;
}

bool
gb_verb_sweep(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    const gb_sweep_look look = {.on = "[", .off = "]"};
    const gb_run *run = gb_tree_last_run(s->tree);
    gb_ids ids = GB_IDS_INIT;
    double from, to;
    found f = {0};
    gb_sweep *sweep;
    gb_sweep_of of;
    size_t i;
    bool ok;

    if (!parse_range(arg, &from, &to, err))
        return false;
    if (run == NULL || run->tokens == 0)
        return gb_fail_usage(err, "there is no text of the model of which to "
                             "show others");
    if (!gb_look_view(s, run->from, &run->settings, &ids, err)) {
        gb_ids_free(&ids);
        return false;
    }
    of = (gb_sweep_of){
        .engine = s->engine,
        .prompt = ids.data,
        .n_prompt = ids.len,
        .from = from,
        .to = to,
        .settings = run->settings,
        .mode = run->mode,
        .step = run->step,
        .progress = tell,
        .progress_arg = s,
    };
    of.settings.max_new_tokens = (uint32_t)run->tokens;
    gb_loop_lend(&s->loop, ids.data, ids.len);
    sweep = gb_sweep_open(&of);
    ok = collect(sweep, &f, err);
    gb_sweep_close(sweep);
    gb_loop_rejoin(&s->loop);
    f.whole = f.n > 0 && f.texts[f.n - 1].to >= to;
    if (ok)
        gb_sweep_format(out, &look, f.texts, f.n, from, to, f.whole);
    for (i = 0; i < f.n; i++)
        gb_sweep_text_free(&f.texts[i]);
    free(f.texts);
    gb_ids_free(&ids);
    return ok;
}
