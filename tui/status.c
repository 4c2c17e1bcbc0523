#include "tui/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cells.h"

/* What a level still shows; each is narrower than the one before. */
typedef struct level {
    bool words;       /* "sampling", "378 left" */
    bool speed, filters;
    bool seed, context;
} level;

static const level levels[] = {
    {true, true, true, true, true},
    {false, true, true, true, true},
    {false, true, false, true, true},
    {false, false, false, true, true},
    {false, false, false, false, true},
    {false, false, false, false, false},
};

static void __attribute__((format(printf, 3, 4)))
add(gb_status_bar *bar, gb_style style, const char *format, ...)
{
    gb_status_piece *p;
    va_list ap;

    if (bar->n == GB_STATUS_PIECES)
        return;
    p = &bar->pieces[bar->n++];
    p->style = style;
    va_start(ap, format);
    vsnprintf(p->text, sizeof p->text, format, ap);
    va_end(ap);
}

static void
add_filters(gb_status_bar *bar, const gb_filter *f)
{
    char text[96] = "";
    size_t n = 0;

    if (f->top_k > 0)
        n += (size_t)snprintf(text + n, sizeof text - n, "  top-k %" PRIu32,
                              f->top_k);
    if (f->top_p < 1)
        n += (size_t)snprintf(text + n, sizeof text - n, "  top-p %g",
                              f->top_p);
    if (f->min_p > 0)
        snprintf(text + n, sizeof text - n, "  min-p %g", f->min_p);
    if (text[0] != '\0')
        add(bar, GB_STYLE_PLAIN, "%s", text);
}

static void
add_context(gb_status_bar *bar, const gb_stats *s, const level *l)
{
    uint32_t total = s->context_total, used = s->context_used;
    gb_style style = GB_STYLE_PLAIN;

    if (total == 0)
        return;
    /* Three quarters and nine tenths. */
    if ((uint64_t)used * 10 >= (uint64_t)total * 9)
        style = GB_STYLE_BAD;
    else if ((uint64_t)used * 4 >= (uint64_t)total * 3)
        style = GB_STYLE_WARN;
    add(bar, style, "  ctx %" PRIu32 "/%" PRIu32, used, total);
    if (l->words && style != GB_STYLE_PLAIN)
        add(bar, style, " %" PRIu32 " left", used < total ? total - used : 0);
}

void
gb_status_state(const gb_status_in *in, char *out, size_t n)
{
    const char *what = gb_state_name(in->state);
    unsigned percent = in->total > 0
                           ? (unsigned)((double)in->done * 100 / in->total)
                           : 0;

    if (in->state == GB_STATE_LOADING && in->phase == GB_PHASE_COMPILE)
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

static void
add_state(gb_status_bar *bar, const gb_status_in *in, bool ascii)
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
    char what[48];

    gb_status_state(in, what, sizeof what);
    add(bar, looks[in->state].style, "  %s %s",
        ascii ? looks[in->state].in_ascii : looks[in->state].sign, what);
    if (in->waiting > 0)
        add(bar, GB_STYLE_FAINT, " +%zu", in->waiting);
}

static void
format_at(gb_status_bar *bar, const gb_status_in *in, const level *l,
          bool ascii)
{
    const gb_settings *s = &in->settings;

    bar->n = 0;
    add(bar, s->greedy ? GB_STYLE_FAINT : GB_STYLE_PLAIN, " T %.2f",
        (double)s->temperature);
    if (s->temperature < 0.095f) {
        bar->n = 0;
        add(bar, s->greedy ? GB_STYLE_FAINT : GB_STYLE_PLAIN, " T %.3g",
            (double)s->temperature);
    }
    if (l->seed)
        add(bar, GB_STYLE_PLAIN, "  seed %" PRIu64, s->seed);
    add(bar, s->greedy ? GB_STYLE_GAUGE : GB_STYLE_PLAIN, "  %s",
        s->greedy ? "greedy" : l->words ? "sampling" : "smp");
    if (l->filters)
        add_filters(bar, &s->filter);
    if (l->speed && in->stats.tokens_per_second > 0)
        add(bar, GB_STYLE_PLAIN, "  %.*f tok/s",
            in->stats.tokens_per_second < 9.95 ? 1 : 0,
            in->stats.tokens_per_second);
    if (l->context)
        add_context(bar, &in->stats, l);
    add_state(bar, in, ascii);
}

static unsigned
bar_width(const gb_status_bar *bar, bool ascii)
{
    unsigned width = 0;
    size_t i;

    for (i = 0; i < bar->n; i++)
        width += gb_cells_width(bar->pieces[i].text,
                                strlen(bar->pieces[i].text), ascii);
    return width;
}

void
gb_status_format(gb_status_bar *bar, const gb_status_in *in, unsigned width,
                 bool ascii)
{
    size_t i;

    for (i = 0; i < sizeof levels / sizeof *levels; i++) {
        format_at(bar, in, &levels[i], ascii);
        if (bar_width(bar, ascii) <= width)
            return;
    }
}
