#include "tui/candidate_pane.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* From how many rows on each part is there. */
enum {
    WITH_REST = 4,
    WITH_HEAD = 5,
    WITH_WHY = 7,
    WITH_ALL_WHY = 8,
    WITH_SPACE = 14,
};

static void
put_token(const gb_pane *pane, gb_row *row)
{
    const gb_seen *s = pane->seen;
    gb_str name = GB_STR_INIT;

    gb_token_name(&name, s->token.text, s->token.n, false, row->ascii);
    gb_row_puts(row, GB_STYLE_PLAIN, " ");
    gb_row_puts(row, GB_STYLE_TOKEN, gb_str_cstr(&name));
    gb_str_free(&name);
    if (s->next)
        gb_row_puts(row, GB_STYLE_FAINT, "  next");
    else if (s->source != GB_SOURCE_WRITTEN)
        gb_row_printf(row, GB_STYLE_FAINT, "  %s",
                      s->source == GB_SOURCE_WHAT ? "what if"
                                                  : gb_source_name(s->source));
    if (s->source != GB_SOURCE_TYPED)
        gb_row_printf(row, GB_STYLE_FAINT, "  step %" PRIu64, s->step);
    gb_row_printf(row, GB_STYLE_FAINT, "  id %" PRIu32, s->token.id);
}

/* A text over at most n rows; returns how many it took. */
static unsigned
put_wrapped(gb_row *rows, unsigned n, gb_style style, const char *text,
            size_t length)
{
    size_t at = 0;
    unsigned i;

    for (i = 0; at < length && i < n; i++) {
        gb_row_pad(&rows[i], 1);
        at = gb_row_wrap(&rows[i], style, text, length, at);
    }
    return i;
}

static unsigned
put_why(const gb_pane *pane, gb_row *rows, unsigned n)
{
    gb_str text = GB_STR_INIT;
    unsigned used;

    gb_candidate_tell(&text, pane->seen);
    used = put_wrapped(rows, n, GB_STYLE_PLAIN, gb_str_cstr(&text), text.len);
    gb_str_free(&text);
    return used;
}

/* What must be seen first: the token, the one that wins at its temperature,
 * the likeliest three, other winners, and the rest as they stand. */
static int
urgency(const gb_seen *s, size_t i)
{
    const gb_candidate *c = &s->candidates[i].is;
    double t = s->settings.greedy ? 0 : (double)s->settings.temperature;

    if (c->id == s->token.id)
        return 0;
    if (c->wins && c->from <= t && t < c->to)
        return 1;
    if (c->rank < 3)
        return 2;
    return c->wins ? 3 : 4;
}

/* Marks the k most urgent. */
static void
choose(const gb_seen *s, bool *chosen, size_t k)
{
    int level;
    size_t i;

    for (level = 0; level <= 4; level++)
        for (i = 0; i < s->n_candidates && k > 0; i++)
            if (urgency(s, i) == level) {
                chosen[i] = true;
                k--;
            }
}

static void
put_rest(const gb_seen *s, const bool *chosen, gb_row *row)
{
    gb_seen rest = *s;
    size_t i;

    for (i = 0; i < s->n_candidates; i++)
        if (!chosen[i]) {
            rest.rest++;
            rest.rest_raw += exp((double)s->candidates[i].is.raw_logprob);
            rest.rest_final += exp((double)s->candidates[i].is.final_logprob);
        }
    if (rest.rest > 0)
        gb_candidate_rest(row, &rest, false);
}

/* Returns the rows used. */
static unsigned
put_list(const gb_seen *s, gb_row *rows, unsigned n, bool rest)
{
    size_t room = n - (rest ? 1 : 0), i;
    bool *chosen = gb_alloc_array(s->n_candidates + 1, sizeof *chosen);
    unsigned used = 0;

    choose(s, chosen, room);
    for (i = 0; i < s->n_candidates; i++)
        if (chosen[i])
            gb_candidate_put(&rows[used++], s, i, false);
    if (rest)
        put_rest(s, chosen, &rows[used++]);
    free(chosen);
    return used;
}

static void
put_takes(const gb_pane *pane, gb_row *rows, unsigned n)
{
    gb_str text = GB_STR_INIT;

    if (pane->ways < 2 || n < 2)
        return;
    gb_row_printf(&rows[1], GB_STYLE_MARK, " %" PRIu32 " takes part here",
                  pane->ways);
    if (pane->other != NULL && pane->other[0] != '\0' && n > 2) {
        gb_str_printf(&text, "take %" PRIu32 ": ", pane->other_take);
        gb_str_append(&text, pane->other, strcspn(pane->other, "\n"));
        put_wrapped(rows + 2, n - 2 < 4 ? n - 2 : 4, GB_STYLE_FAINT,
                    text.data, text.len);
    }
    gb_str_free(&text);
}

void
gb_pane_put(const gb_pane *pane, gb_row *rows, unsigned n)
{
    unsigned used = 0, why = n >= WITH_ALL_WHY ? 2 : n >= WITH_WHY ? 1 : 0;

    if (n == 0)
        return;
    if (pane->seen == NULL) {
        gb_row_puts(&rows[0], GB_STYLE_FAINT, " nothing is known here");
        return;
    }
    put_token(pane, &rows[used++]);
    used += put_why(pane, rows + used, why);
    if (n >= WITH_SPACE)
        used++;
    if (n >= WITH_HEAD)
        gb_candidate_head(&rows[used++], false);
    if (used < n)
        used += put_list(pane->seen, rows + used, n - used, n >= WITH_REST);
    put_takes(pane, rows + used, n - used);
}
