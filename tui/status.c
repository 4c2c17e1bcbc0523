#include "tui/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATE_COLUMNS 14 /* of the state at the right */
#define NARROW 72        /* columns; below that: */
#define NARROW_STATE 10

/* What is given up for want of room, first to last. */
enum {
    LONG_NAMES, /* "top-k 40", else "k40" */
    DRAFTS,
    WRITTEN, /* and what it forgets */
    PACE,
    SAMPLING, /* in full */
    ADJUSTED,
    SEED,
    FILTERS,
    CONTEXT,
    N_FIELDS
};

void
gb_status_put_temperature(gb_row *row, const gb_status_in *in)
{
    const gb_settings *s = &in->settings;
    const double t = (double)s->temperature;
    unsigned start = row->used;

    gb_row_printf(row, s->greedy ? GB_STYLE_FAINT : GB_STYLE_PLAIN,
                  t < 0.095 ? " T %.3f" : t < 99.95 ? " T %.2f" : " T %.0f",
                  t);
    gb_row_pad(row, start + 8);
}

/* "25/s", or how fast it writes when it may. */
static void
spell_pace(char *out, size_t n, const gb_status_in *in)
{
    const double speed = in->stats.tokens_per_second;

    if (in->pace > 0)
        snprintf(out, n, "%g/s", in->pace);
    else if (speed >= 9999.5)
        snprintf(out, n, "%.0fk tok/s", speed / 1000);
    else if (speed > 0)
        snprintf(out, n, "%.*f tok/s", speed < 9.95 ? 1 : 0, speed);
    else
        snprintf(out, n, "full");
}

static void
put_pace(gb_row *row, const gb_status_in *in)
{
    unsigned start = row->used;
    char pace[32];

    spell_pace(pace, sizeof pace, in);
    gb_row_printf(row, GB_STYLE_PLAIN, "  %s", pace);
    gb_row_pad(row, start + (in->pace > 0 ? 8 : 12));
}

/* Of the tokens that were guessed, how many came; at full speed alone, for at
 * a pace none are. */
static void
put_drafts(gb_row *row, const gb_status_in *in)
{
    const gb_draft_count *n = &in->stats.drafts;

    if (in->pace <= 0 && n->drafted > 0)
        gb_row_printf(row, GB_STYLE_PLAIN, "  drafts %3.0f %%",
                      100 * (double)n->accepted / (double)n->drafted);
}

static unsigned
digits(uint32_t n)
{
    unsigned count = 1;

    while (n >= 10) {
        n /= 10;
        count++;
    }
    return count;
}

static void
put_context(gb_row *row, const gb_stats *s)
{
    uint32_t total = s->context_total, used = s->context_used;
    unsigned start = row->used;

    if (total == 0)
        return;
    if (used > total)
        used = total;
    gb_row_printf(row, GB_STYLE_PLAIN, "  ctx %" PRIu32 "/%" PRIu32, used,
                  total);
    gb_row_pad(row, start + 7 + 2 * digits(total));
}

/* Nothing is lost then but from the model's view, and it goes on. */
static void
put_forgets(gb_row *row, const gb_stats *s)
{
    uint32_t total = s->context_total, used = s->context_used;

    if (total == 0 || (uint64_t)used * 10 < (uint64_t)total * 9)
        return;
    if (used < total)
        gb_row_printf(row, GB_STYLE_FAINT, "  forgets in %" PRIu32,
                      total - used);
    else
        gb_row_puts(row, GB_STYLE_FAINT, "  forgets");
}

static void
put_filters(gb_row *row, const gb_filter *f, bool long_names)
{
    if (f->top_k > 0)
        gb_row_printf(row, GB_STYLE_PLAIN,
                      long_names ? "  top-k %" PRIu32 : "  k%" PRIu32,
                      f->top_k);
    if (f->top_p < 1)
        gb_row_printf(row, GB_STYLE_PLAIN, long_names ? "  top-p %g" : "  p%g",
                      f->top_p);
    if (f->min_p > 0)
        gb_row_printf(row, GB_STYLE_PLAIN, long_names ? "  min-p %g" : "  m%g",
                      f->min_p);
}

/* What else changes the logits, or what the model sees. */
static void
put_adjusted(gb_row *row, const gb_settings *s)
{
    if (s->bias[0] != '\0')
        gb_row_puts(row, GB_STYLE_PLAIN, "  bias");
    if (s->repetition_penalty != 1)
        gb_row_printf(row, GB_STYLE_PLAIN, "  rep %g", s->repetition_penalty);
    if (s->dry_multiplier > 0)
        gb_row_printf(row, GB_STYLE_PLAIN, "  dry %g", s->dry_multiplier);
    if (s->pin[0] != '\0')
        gb_row_puts(row, GB_STYLE_PLAIN, "  pin");
}

static void
put_written(gb_row *row, const gb_settings *now, const gb_settings *then)
{
    if (then == NULL)
        return;
    if (then->greedy != now->greedy)
        gb_row_printf(row, GB_STYLE_MARK, "  was %s",
                      then->greedy ? "greedy" : "sampling");
    if (!then->greedy && then->temperature != now->temperature)
        gb_row_printf(row, GB_STYLE_MARK, "  was T %.3g",
                      (double)then->temperature);
}

/* Without the first so many of the fields. */
static void
put_fields(gb_row *row, const gb_status_in *in, unsigned without)
{
    const gb_settings *s = &in->settings;

    gb_status_put_temperature(row, in);
    gb_row_puts(row, s->greedy ? GB_STYLE_TOKEN : GB_STYLE_PLAIN,
                s->greedy ? (without <= SAMPLING ? " greedy  " : " grd")
                          : (without <= SAMPLING ? " sampling" : " smp"));
    if (without <= PACE)
        put_pace(row, in);
    if (without <= DRAFTS)
        put_drafts(row, in);
    if (without <= CONTEXT)
        put_context(row, &in->stats);
    if (without <= SEED)
        gb_row_printf(row, GB_STYLE_PLAIN, "  seed %" PRIu64, s->seed);
    if (without <= FILTERS)
        put_filters(row, &s->filter, without <= LONG_NAMES);
    if (without <= ADJUSTED)
        put_adjusted(row, s);
    if (without <= WRITTEN) {
        put_written(row, s, in->written);
        put_forgets(row, &in->stats);
    }
}

/* A text that was stopped is so whatever is done beside it. */
static gb_state
state_of(const gb_status_in *in)
{
    return in->state == GB_STATE_IDLE &&
                   in->stats.rests == GB_REASON_INTERRUPT
               ? GB_STATE_STOPPED
               : in->state;
}

static const char *
name_of_rest(const gb_status_in *in)
{
    switch (in->stats.rests) {
    case GB_REASON_LENGTH:
        return "limit";
    case GB_REASON_EOS:
        return "ended";
    case GB_REASON_STOP:
        return "stop text";
    case GB_REASON_NONE:
    case GB_REASON_INTERRUPT:
    case GB_REASON_ERROR:
        break;
    }
    return gb_state_name(in->state);
}

void
gb_status_words(const gb_status_in *in, char *out, size_t n)
{
    const gb_state state = state_of(in);
    const char *what = state == GB_STATE_IDLE ? name_of_rest(in)
                                              : gb_state_name(state);
    unsigned percent = in->total > 0
                           ? (unsigned)((double)in->done * 100 / in->total)
                           : 0;

    if ((in->state == GB_STATE_LOADING || in->state == GB_STATE_READING) &&
        in->phase == GB_PHASE_COMPILE)
        what = "compiling";
    if (in->state == GB_STATE_LOADING && in->phase == GB_PHASE_HASH)
        what = "hashing";
    if (in->state == GB_STATE_READING && in->phase == GB_PHASE_EXPORT)
        what = "exporting";
    if ((in->state == GB_STATE_LOADING || in->state == GB_STATE_READING) &&
        in->total > 0)
        snprintf(out, n, "%s %u %%", what, percent > 100 ? 100 : percent);
    else if ((in->state == GB_STATE_REPLAYING ||
              in->state == GB_STATE_SWEEPING) && in->done > 0)
        snprintf(out, n, "%s %" PRIu64, what, in->done);
    else
        snprintf(out, n, "%s", what);
}

void
gb_status_put_state(gb_row *row, const gb_status_in *in, bool pace)
{
    static const struct {
        const char *sign, *in_ascii;
        gb_style style;
    } looks[] = {
        [GB_STATE_LOADING] = {"◌", "~", GB_STYLE_WARN},
        [GB_STATE_IDLE] = {"○", "-", GB_STYLE_FAINT},
        [GB_STATE_READING] = {"◐", "<", GB_STYLE_WARN},
        [GB_STATE_WRITING] = {"●", "*", GB_STYLE_GOOD},
        [GB_STATE_PAUSED] = {"‖", "|", GB_STYLE_WARN},
        [GB_STATE_STOPPED] = {"■", "=", GB_STYLE_PLAIN},
        [GB_STATE_REPLAYING] = {"▶", ">", GB_STYLE_GOOD},
        [GB_STATE_SWEEPING] = {"▶", ">", GB_STYLE_GOOD},
        [GB_STATE_FAILED] = {"✗", "!", GB_STYLE_BAD},
    };
    const gb_state state = state_of(in);
    char what[48];

    if (pace && in->state == GB_STATE_WRITING)
        spell_pace(what, sizeof what, in);
    else
        gb_status_words(in, what, sizeof what);
    gb_row_printf(row, looks[state].style, "%s %s",
                  gb_row_sign(row, looks[state].sign, looks[state].in_ascii),
                  what);
    if (in->waiting > 0)
        gb_row_printf(row, GB_STYLE_FAINT, " +%zu", in->waiting);
}

/* The columns that the state stands in. */
static unsigned
state_columns(const gb_row *row, const gb_status_in *in)
{
    unsigned fixed = row->width < NARROW ? NARROW_STATE : STATE_COLUMNS, used;
    gb_row alone;

    gb_row_init(&alone, row->width, row->ascii);
    gb_status_put_state(&alone, in, false);
    used = alone.used;
    gb_row_free(&alone);
    return used > fixed ? used : fixed;
}

void
gb_status_put(gb_row *row, const gb_status_in *in)
{
    const unsigned width = row->width, state = state_columns(row, in);
    unsigned without;

    for (without = 0; without <= N_FIELDS; without++) {
        gb_row_clear(row);
        row->width = 1000;
        put_fields(row, in, without);
        row->width = width;
        if (row->used + 1 + state <= width)
            break;
    }
    if (without > N_FIELDS) {
        /* The beginning of it, at least. */
        gb_row_clear(row);
        row->width = width > state ? width - state - 1 : 0;
        gb_status_put_temperature(row, in);
        row->width = width;
    }
    if (width > state)
        gb_row_pad(row, width - state);
    gb_status_put_state(row, in, false);
}
