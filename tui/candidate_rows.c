#include "tui/candidate_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RANK = 5, MARK = 2, TOKEN = 13, NUMBER = 6, ID = 7, WINS = 13,
       CLOSE_TOKEN = 9, CLOSE_WINS = 10 }; /* columns */

/* Without the zero before the point. */
static void
put_number(gb_str *out, int decimals, double value)
{
    char text[32];

    snprintf(text, sizeof text, "%.*f", decimals, value);
    gb_str_puts(out, text[0] == '0' && text[1] == '.' ? text + 1 : text);
}

/* "2e-4" */
static void
put_power(gb_str *out, double value)
{
    int exponent = (int)floor(log10(value));
    int digit = (int)lround(value / pow(10, exponent));

    if (digit == 10) {
        digit = 1;
        exponent++;
    }
    gb_str_printf(out, "%de%d", digit, exponent);
}

void
gb_probability(gb_str *out, double p)
{
    if (isnan(p)) {
        gb_str_puts(out, "?");
    } else if (p <= 0) {
        gb_str_puts(out, "0");
    } else if (p >= 0.9995) {
        gb_str_puts(out, "1");
    } else if (p >= 0.0995) {
        put_number(out, 2, p);
    } else if (p >= 0.00095) {
        put_number(out, 3, p);
    } else {
        put_power(out, p);
    }
}

static void
put_temperature(gb_str *out, double t, bool ascii)
{
    if (isinf(t))
        gb_str_puts(out, ascii ? "inf" : "∞");
    else if (t <= 0)
        gb_str_puts(out, "0");
    else if (t < 9.995)
        put_number(out, 2, t);
    else if (t < 9999.5)
        put_number(out, 0, t);
    else
        put_power(out, t);
}

void
gb_temperatures(gb_str *out, double from, double to, bool close, bool ascii)
{
    const char *sign = ascii ? " - " : " – ";

    put_temperature(out, from, ascii);
    gb_str_append(out, sign + (close ? 1 : 0),
                  strlen(sign) - (close ? 2 : 0));
    put_temperature(out, to, ascii);
}

/* What has room in a row. */
typedef struct columns {
    bool raw, noise, id, close;
    unsigned token;
} columns;

static columns
columns_of(const gb_row *row, bool ids)
{
    columns c = {.id = ids, .token = TOKEN};
    unsigned always = row->used + RANK + MARK + NUMBER + (ids ? ID : 0);
    unsigned need = always + TOKEN + WINS, left;

    c.raw = row->width >= need + NUMBER;
    if (!c.raw && row->width >= always + CLOSE_TOKEN + CLOSE_WINS + NUMBER) {
        c.raw = c.close = true;
        c.token = CLOSE_TOKEN;
        need = always + CLOSE_TOKEN + CLOSE_WINS;
    }
    need += c.raw ? NUMBER : 0;
    c.noise = !c.close && row->width >= need + NUMBER;
    need += c.noise ? NUMBER : 0;
    left = row->width > need ? row->width - need : 0;
    c.token += left < 16 ? left : 16;
    return c;
}

/* At the right end of its column. */
static void
put_right(gb_row *row, gb_style style, const char *text, unsigned width)
{
    unsigned start = row->used, used;
    gb_row cell;

    gb_row_init(&cell, width, row->ascii);
    used = gb_row_puts(&cell, style, text);
    gb_row_free(&cell);
    gb_row_pad(row, start + width - used);
    gb_row_puts(row, style, text);
}

void
gb_candidate_head(gb_row *row, bool ids)
{
    columns c = columns_of(row, ids);

    put_right(row, GB_STYLE_FAINT, "", RANK + MARK);
    gb_row_field(row, GB_STYLE_FAINT, "token", c.token);
    if (c.id)
        put_right(row, GB_STYLE_FAINT, "id", ID);
    if (c.raw)
        put_right(row, GB_STYLE_FAINT, "raw", NUMBER);
    put_right(row, GB_STYLE_FAINT, "final", NUMBER);
    if (c.noise)
        put_right(row, GB_STYLE_FAINT, "noise", NUMBER);
    gb_row_puts(row, GB_STYLE_FAINT, c.close ? " wins at T" : "  wins at T");
}

static void
put_probability(gb_row *row, gb_style style, double p)
{
    gb_str text = GB_STR_INIT;

    gb_probability(&text, p);
    put_right(row, style, gb_str_cstr(&text), NUMBER);
    gb_str_free(&text);
}

static void
put_wins(gb_row *row, gb_style style, const gb_candidate *is, bool close)
{
    gb_str text = GB_STR_INIT;

    if (is->wins)
        gb_temperatures(&text, is->from, is->to, close, row->ascii);
    gb_row_printf(row, style, "%s%s", close ? " " : "  ",
                  is->wins ? gb_str_cstr(&text) : "never");
    gb_str_free(&text);
}

void
gb_candidate_put(gb_row *row, const gb_seen *seen, size_t i, bool ids)
{
    const gb_seen_candidate *s = &seen->candidates[i];
    bool own = s->token.id == seen->token.id;
    gb_style style = own                         ? GB_STYLE_TOKEN
                     : s->is.cut != GB_CUT_NONE ? GB_STYLE_FAINT
                                                 : GB_STYLE_PLAIN;
    columns c = columns_of(row, ids);
    gb_str name = GB_STR_INIT;
    char text[32];

    snprintf(text, sizeof text, "%" PRIu32, s->is.rank);
    put_right(row, style, text, RANK);
    gb_row_puts(row, style, !own ? "  " : gb_row_sign(row, " •", " *"));
    gb_token_name(&name, s->token.text, s->token.n, false, row->ascii);
    gb_row_field(row, style, gb_str_cstr(&name), c.token);
    gb_str_free(&name);
    snprintf(text, sizeof text, "%" PRIu32, s->is.id);
    if (c.id)
        put_right(row, GB_STYLE_FAINT, text, ID);
    if (c.raw)
        put_probability(row, style, exp((double)s->is.raw_logprob));
    if (s->is.cut != GB_CUT_NONE)
        put_right(row, style, gb_cut_name(s->is.cut), NUMBER);
    else
        put_probability(row, style, exp((double)s->is.final_logprob));
    snprintf(text, sizeof text, "%.2f", (double)s->is.noise);
    if (c.noise)
        put_right(row, style, isnan(s->is.noise) ? "?" : text, NUMBER);
    put_wins(row, s->is.wins ? style : GB_STYLE_FAINT, &s->is, c.close);
}

void
gb_candidate_rest(gb_row *row, const gb_seen *seen, bool ids)
{
    columns c = columns_of(row, ids);
    char text[48];

    snprintf(text, sizeof text, "%zu others", seen->rest);
    put_right(row, GB_STYLE_FAINT, "", RANK + MARK - (c.close ? 4 : 0));
    gb_row_field(row, GB_STYLE_FAINT, text, c.token + (c.close ? 4 : 0));
    if (c.id)
        put_right(row, GB_STYLE_FAINT, "", ID);
    if (c.raw)
        put_probability(row, GB_STYLE_FAINT, seen->rest_raw);
    put_probability(row, GB_STYLE_FAINT, seen->rest_final);
}

/* Luck decided where one that was not the likeliest came, and would have come
 * at no lower temperature. */
#define UNLIKELY_RANK 10

void
gb_candidate_tell(gb_str *out, const gb_seen *seen)
{
    const gb_why *why = &seen->why;

    if (!isnan(why->logprob))
        gb_str_printf(out, "%.1f bits of surprise",
                      -(double)why->logprob / M_LN2);
    if (!isnan(why->entropy))
        gb_str_printf(out, "%sentropy %.1f bits", out->len > 0 ? ", " : "",
                      (double)why->entropy / M_LN2);
    if (!isnan(why->noise))
        gb_str_printf(out, "%snoise %.2f%s", out->len > 0 ? ", " : "",
                      (double)why->noise,
                      why->rank != GB_RANK_UNKNOWN &&
                              why->rank >= UNLIKELY_RANK
                          ? ": won by luck" : "");
}
