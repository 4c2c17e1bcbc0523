#include "session/export_tokens.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "session/look.h"
#include "session/steer.h"

/* Of a place, besides the winners. */
#define LIKELIEST 6

/* Those that Unicode keeps free, which HTML forbids. */
static bool
is_noncharacter(uint32_t rune)
{
    return (rune & 0xfffe) == 0xfffe || (rune >= 0xfdd0 && rune <= 0xfdef);
}

void
gb_export_visible(const char *s, size_t n, gb_str *out)
{
    size_t at = 0, from = 0, length;
    uint32_t rune;
    bool valid;

    for (; at < n; at += length) {
        length = gb_utf8_next(s + at, n - at, &rune, &valid);
        if (length == 0)
            break;
        if (!valid || !is_noncharacter(rune))
            continue;
        gb_utf8_visible(out, s + from, at - from, true);
        gb_str_printf(out, "\\u{%x}", (unsigned)rune);
        from = at + length;
    }
    gb_utf8_visible(out, s + from, n - from, true);
}

/* JSON. */

static void
put_string(const char *s, size_t n, gb_str *out)
{
    gb_str text = GB_STR_INIT;
    size_t i;

    gb_export_visible(s, n, &text);
    gb_str_putc(out, '"');
    for (i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] < 0x20 ||
            strchr("\"\\<>&'", text.data[i]) != NULL)
            gb_str_printf(out, "\\u%04x", (unsigned)text.data[i]);
        else
            gb_str_putc(out, text.data[i]);
    }
    gb_str_putc(out, '"');
    gb_str_free(&text);
}

/* What is unknown or infinite is null. */
static void
put_number(double x, gb_str *out)
{
    if (isfinite(x))
        gb_str_printf(out, ",%.4g", x);
    else
        gb_str_puts(out, ",null");
}

/* The place of a token's text among the words, where it stands once. */
static unsigned
word_of(const gb_session *s, gb_export_tokens *t, gb_token id)
{
    const char *bytes;
    size_t n;

    if (t->word[id] == 0) {
        bytes = gb_tokenizer_bytes(s->model->tokenizer, id, &n);
        if (t->words.len > 0)
            gb_str_putc(&t->words, ',');
        put_string(bytes, n, &t->words);
        t->word[id] = ++t->n_words;
    }
    return t->word[id] - 1;
}

/* Winners and the temperatures between them: [word, T, word, ...]. */
static void
put_bands(const gb_session *s, gb_export_tokens *t, const gb_look *look,
          gb_str *out)
{
    const gb_candidates *c = &look->candidates;
    size_t i;

    gb_str_puts(out, ",[");
    for (i = 0; i < c->n_bands; i++) {
        gb_str_printf(out, "%s%u", i > 0 ? "," : "",
                      word_of(s, t, c->bands[i].id));
        if (i + 1 < c->n_bands)
            put_number(c->bands[i].to, out);
    }
    gb_str_putc(out, ']');
}

/* [word, rank, raw and final probability, noise, filter that cut it]. */
static void
put_candidates(const gb_session *s, gb_export_tokens *t, const gb_look *look,
               gb_str *out)
{
    const gb_candidates *all = &look->candidates;
    const gb_candidate *c;
    size_t i;

    gb_str_puts(out, ",[");
    for (i = 0; i < all->n; i++) {
        c = &all->items[i];
        gb_str_printf(out, "%s[%u,%u", i > 0 ? "," : "",
                      word_of(s, t, c->id), (unsigned)c->rank);
        put_number(exp((double)c->raw_logprob), out);
        put_number(exp((double)c->final_logprob), out);
        put_number((double)c->noise, out);
        gb_str_printf(out, ",\"%s\"]", gb_cut_name(c->cut));
    }
    gb_str_printf(out, "],[%zu", all->rest);
    put_number(all->rest_raw, out);
    put_number(all->rest_final, out);
    gb_str_putc(out, ']');
}

/* Tokens. */

static void
push(gb_export_tokens *t, const gb_node *node, uint32_t index, uint64_t number)
{
    if (t->len == t->capacity) {
        t->capacity = t->capacity > 0 ? t->capacity * 2 : 256;
        t->data = gb_realloc_array(t->data, t->capacity, sizeof *t->data);
    }
    t->data[t->len++] = (gb_export_token){
        node, index, number, node->tokens[index].why, GB_STR_INIT};
}

static void
collect(const gb_session *s, gb_export_tokens *t)
{
    const gb_stretch *st;
    uint64_t number = 0;
    uint32_t n, k;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        n = gb_steer_counted(st);
        for (k = 0; k < n && st->node->role == GB_ROLE_MODEL; k++)
            push(t, st->node, k, number + k);
        number += n;
    }
}

/* What a look adds to what was noted when the token came. With filters that
 * was no range. */
static void
take_look(const gb_session *s, gb_export_tokens *t, gb_export_token *token,
          const gb_look *look)
{
    gb_why why = gb_look_why(look, token->node->tokens[token->index].id);

    if (token->why.rank == GB_RANK_UNKNOWN)
        token->why = why;
    token->why.from = why.from;
    token->why.to = why.to;
    put_bands(s, t, look, &token->spectrum);
    put_candidates(s, t, look, &token->spectrum);
    t->spectra++;
}

/* Looks at the n tokens before the one at `end`, the last first. */
static bool
look_at_some(gb_session *s, gb_export_tokens *t, size_t end, unsigned n,
             gb_error *err)
{
    uint64_t numbers[GB_ROWS];
    gb_look looks[GB_ROWS];
    unsigned i;
    bool ok;

    for (i = 0; i < n; i++)
        numbers[i] = t->data[end - 1 - i].number;
    ok = gb_look_tokens(s, numbers, n, LIKELIEST, looks, err);
    for (i = 0; i < n; i++) {
        if (ok && looks[i].logits != NULL)
            take_look(s, t, &t->data[end - 1 - i], &looks[i]);
        gb_look_free(&looks[i]);
    }
    return ok;
}

/* From the last to the first, so that each is a beginning of what has been
 * read for the one before, until the context was another. */
static bool
look_at_all(gb_session *s, const gb_exporting *how, gb_export_tokens *t,
            gb_error *err)
{
    const gb_progress *progress = how != NULL ? &how->progress : NULL;
    size_t all = t->len < GB_EXPORT_SPECTRA ? t->len : GB_EXPORT_SPECTRA, i;
    gb_error problem = GB_ERROR_INIT;
    unsigned n;

    for (i = 0; i < all; i += n) {
        if (gb_progress_is_cancelled(progress))
            return gb_fail_interrupted(err);
        n = all - i < GB_ROWS ? (unsigned)(all - i) : GB_ROWS;
        if (!look_at_some(s, t, t->len - i, n, &problem))
            return problem.status != GB_INTERRUPTED ||
                   gb_fail_interrupted(err);
        gb_progress_tell(progress, GB_PHASE_EXPORT, i + n, all);
    }
    return true;
}

bool
gb_export_tokens_find(gb_session *s, const gb_exporting *how,
                      gb_export_tokens *t, gb_error *err)
{
    *t = (gb_export_tokens){.words = GB_STR_INIT};
    t->word = gb_alloc_array(s->model->config.n_vocab, sizeof *t->word);
    collect(s, t);
    return s->engine == NULL || look_at_all(s, how, t, err);
}

void
gb_export_tokens_free(gb_export_tokens *t)
{
    size_t i;

    for (i = 0; i < t->len; i++)
        gb_str_free(&t->data[i].spectrum);
    free(t->data);
    free(t->word);
    gb_str_free(&t->words);
    *t = (gb_export_tokens){.len = 0};
}

static void
put_token(const gb_export_token *token, unsigned word, gb_str *out)
{
    const gb_node *n = token->node;
    gb_token_source source = n->tokens[token->index].source;
    const gb_why *w = &token->why;
    bool known = w->rank != GB_RANK_UNKNOWN, range = w->from < w->to;

    gb_str_printf(out, "[%u,%llu,\"%llu\",\"%llu\"", word,
                  (unsigned long long)token->number,
                  (unsigned long long)n->settings.seed,
                  (unsigned long long)(n->step + token->index));
    put_number(n->settings.greedy ? 0 : (double)n->settings.temperature, out);
    put_number(known ? -(double)w->logprob / log(2) : NAN, out);
    put_number(known ? (double)w->rank : NAN, out);
    put_number((double)w->entropy, out);
    put_number((double)w->noise, out);
    put_number(range ? (double)w->from : NAN, out);
    put_number((double)w->to, out);
    gb_str_printf(out, ",\"%s\"",
                  source == GB_SOURCE_WRITTEN ? "" : gb_source_name(source));
    gb_str_append(out, gb_str_cstr(&token->spectrum), token->spectrum.len);
    gb_str_putc(out, ']');
}

void
gb_export_tokens_json(const gb_session *s, gb_export_tokens *t, gb_str *out)
{
    const gb_ends *ends = &s->model->config.ends;
    gb_str list = GB_STR_INIT;
    gb_token id;
    size_t i;

    for (i = 0; i < t->len; i++) {
        if (i > 0)
            gb_str_puts(&list, ",\n");
        id = t->data[i].node->tokens[t->data[i].index].id;
        put_token(&t->data[i], word_of(s, t, id), &list);
    }
    gb_str_printf(out, "{\"vocabulary\":%u,\"ends\":[",
                  (unsigned)s->model->config.n_vocab);
    for (i = 0; i < ends->n; i++)
        gb_str_printf(out, "%s%d", i > 0 ? "," : "",
                      (int)t->word[ends->ids[i]] - 1);
    gb_str_puts(out, "],\"words\":[");
    gb_str_append(out, gb_str_cstr(&t->words), t->words.len);
    gb_str_puts(out, "],\"tokens\":[");
    gb_str_append(out, gb_str_cstr(&list), list.len);
    gb_str_puts(out, "]}");
    gb_str_free(&list);
}

/* Marks. */

/* How remarkable a token is by one of the scales, 0 to 4. NaN: not at all. */
static int
grade(double x, double first, double second, double third, double fourth)
{
    return (x > first) + (x > second) + (x > third) + (x > fourth);
}

/* By how much the temperature would have to be another for the next token to
 * win: a factor. */
static double
firmness(const gb_why *w, double t)
{
    if (!(w->from < w->to))
        return INFINITY;
    return fmin(w->from > 0 ? t / (double)w->from : INFINITY,
                (double)w->to / t);
}

static void
put_grades(const gb_export_token *t, gb_str *out)
{
    const gb_settings *set = &t->node->settings;
    const gb_why *w = &t->why;
    const double bits = -(double)w->logprob / log(2);
    const int grades[] = {
        grade(bits, 1, log2(5), log2(20), log2(100)),
        w->rank != GB_RANK_UNKNOWN ? grade(w->rank, 0.5, 2.5, 9.5, 99.5) : 0,
        set->greedy ? 0
                    : grade(-firmness(w, (double)set->temperature), -2, -1.4,
                            -1.15, -1.05),
        grade((double)w->entropy, log(2), log(5), log(15), log(40)),
    };
    size_t i;

    for (i = 0; i < GB_COUNT(grades); i++)
        if (grades[i] > 0)
            gb_str_printf(out, " %c%d", "prfe"[i], grades[i]);
    if (t->node->tokens[t->index].source == GB_SOURCE_PICKED)
        gb_str_puts(out, " pick");
    if (t->node->tokens[t->index].source == GB_SOURCE_WHAT)
        gb_str_puts(out, " what");
}

/* For those without the script. */
static void
put_hint(const gb_export_token *t, gb_str *out)
{
    const gb_why *w = &t->why;

    if (w->rank == GB_RANK_UNKNOWN)
        return;
    gb_str_printf(out, " title=\"probability %.3g, rank %" PRIu32,
                  exp((double)w->logprob), w->rank);
    if (w->from < w->to && isfinite(w->to))
        gb_str_printf(out, ", wins from T %.3g to %.3g", (double)w->from,
                      (double)w->to);
    else if (w->from < w->to && w->from > 0)
        gb_str_printf(out, ", wins from T %.3g on", (double)w->from);
    gb_str_putc(out, '"');
}

void
gb_export_token_open(const gb_export_token *t, const char *kind, gb_str *out)
{
    gb_str_puts(out, "<span class=\"t");
    put_grades(t, out);
    gb_str_printf(out, "%s\"", kind);
    put_hint(t, out);
    gb_str_putc(out, '>');
}
