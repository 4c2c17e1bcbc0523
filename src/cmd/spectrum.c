/* gumbel spectrum: which token would have come at which temperature. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/json.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/generation.h"
#include "cmd/output.h"
#include "cmd/rows.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"

/* The bands of the step that was just picked, ready to be drawn; free with
 * free_bands. */
typedef struct bands {
    gb_spectrum *spectrum;
    float *logits, *noise;
    const gb_band *band;
    size_t n;
} bands;

static void
free_bands(bands *b)
{
    gb_spectrum_free(b->spectrum);
    free(b->logits);
    free(b->noise);
}

/* The token is not read yet: the last position is the one it came from. */
static bool
find_bands(const gb_generation *g, const gb_pick *pick, bands *b,
           gb_error *err)
{
    const gb_settings *s = &g->options->settings;
    const uint32_t n = gb_engine_model(g->engine)->config.n_vocab;

    *b = (bands){.spectrum = gb_spectrum_new(),
                 .logits = gb_alloc_array(n, sizeof *b->logits),
                 .noise = gb_alloc_array(n, sizeof *b->noise)};
    if (!gb_engine_logits(g->engine, gb_engine_length(g->engine) - 1,
                          b->logits, err)) {
        free_bands(b);
        return false;
    }
    gb_adjust(g->adjust, b->logits);
    gb_gumbel_noise(s->seed, g->steps - 1, b->noise, n);
    gb_spectrum_set(b->spectrum, b->logits, b->noise, n, &s->filter);
    b->n = gb_spectrum_bands(b->spectrum, 0, INFINITY, &b->band);
    if (!s->greedy)
        b->n = gb_spectrum_hold(b->spectrum, pick->id,
                                (double)s->temperature, &b->band);
    return true;
}

/* JSON Lines. */

static json_t *
json_band(const gb_model *m, const gb_band *band)
{
    json_t *o = json_object();
    const char *bytes;
    size_t n;

    bytes = gb_tokenizer_bytes(m->tokenizer, band->id, &n);
    json_object_set_new(o, "from", json_real(band->from));
    json_object_set_new(o, "to", isinf(band->to) ? json_null()
                                                 : json_real(band->to));
    json_object_set_new(o, "id", json_integer(band->id));
    json_object_set_new(o, "text", gb_json_text(bytes, n));
    return o;
}

static bool
json_token(const gb_generation *g, const gb_pick *pick, const char *text,
           size_t n, gb_error *err)
{
    json_t *o = gb_generation_token(g, pick, text, n), *list = json_array();
    bands b;
    size_t i;

    if (!find_bands(g, pick, &b, err)) {
        json_decref(o);
        json_decref(list);
        return false;
    }
    for (i = 0; i < b.n; i++)
        json_array_append_new(list, json_band(gb_engine_model(g->engine),
                                              &b.band[i]));
    free_bands(&b);
    json_object_set_new(o, "rank", json_integer(pick->rank));
    json_object_set_new(o, "entropy", gb_json_float(pick->entropy));
    json_object_set_new(o, "noise", gb_json_float(pick->noise));
    json_object_set_new(o, "spectrum", list);
    return gb_put_json(o, err);
}

/* Rows: the token, its probability, and the bands on an axis of log T. */

enum { TOKEN = 14, BEFORE = TOKEN + 1 + 5 + 1 }; /* columns */

typedef struct axis {
    double low, high;
    unsigned width;
    bool ascii;
} axis;

static axis
make_axis(const gb_generation *g)
{
    const double t = (double)g->options->settings.temperature;

    return (axis){.low = t < 0.1 ? t / 2 : 0.1,
                  .high = t > 10 ? t * 2 : 10,
                  .width = gb_rows_width() - BEFORE,
                  .ascii = gb_rows_are_ascii()};
}

/* The temperature in the middle of a column. */
static double
temperature_at(const axis *a, unsigned column)
{
    return a->low * pow(a->high / a->low, (column + 0.5) / a->width);
}

/* The column of a temperature between low and high. */
static unsigned
column_of(const axis *a, double t)
{
    double at = log(t / a->low) / log(a->high / a->low) * a->width;

    return at < a->width ? (unsigned)fmax(at, 0) : a->width - 1;
}

static bool
put_row(gb_str *row, gb_error *err)
{
    bool ok;

    while (row->len > 0 && row->data[row->len - 1] == ' ')
        row->data[--row->len] = '\0';
    gb_str_putc(row, '\n');
    ok = gb_put(row, err);
    gb_str_free(row);
    return ok;
}

/* Writes a temperature where it belongs, if there is room. line (width)
 * holds spaces where nothing stands yet. */
static void
add_tick(const axis *a, char *line, double t)
{
    unsigned at = column_of(a, t), n, i;
    char tick[16];

    n = (unsigned)snprintf(tick, sizeof tick, "%g", t);
    if (t < a->low * 0.999 || at + n > a->width)
        return;
    for (i = at > 0 ? at - 1 : 0; i <= at + n && i < a->width; i++)
        if (line[i] != ' ')
            return;
    memcpy(line + at, tick, n);
}

static bool
text_start(const gb_generation *g, gb_error *err)
{
    static const double digits[] = {1, 2, 5};
    const axis a = make_axis(g);
    gb_str row = GB_STR_INIT, title = GB_STR_INIT;
    char *line = gb_alloc_array(a.width + 1, 1);
    int power, i;

    gb_str_puts(&title, "T = ");
    if (g->options->settings.greedy)
        gb_str_puts(&title, "0");
    else
        gb_settings_get(&g->options->settings, "temperature", &title);
    gb_rows_field(&row, gb_str_cstr(&title), TOKEN, a.ascii);
    gb_str_puts(&row, "     p ");
    memset(line, ' ', a.width);
    for (i = 0; i < 3; i++)
        for (power = -4; power <= 3; power++)
            add_tick(&a, line, digits[i] * pow(10, power));
    gb_str_puts(&row, line);
    gb_str_free(&title);
    free(line);
    return put_row(&row, err);
}

static void
fill(gb_str *row, const char *with, unsigned columns)
{
    while (columns-- > 0)
        gb_str_puts(row, with);
}

/* A token without the spaces around it. */
static unsigned
make_label(gb_str *label, const gb_model *m, gb_token id, bool ascii)
{
    gb_str text = GB_STR_INIT;
    const char *p;

    gb_rows_token(&text, m, id, ascii);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.data[--text.len] = '\0';
    p = gb_str_cstr(&text) + strspn(gb_str_cstr(&text), " ");
    gb_str_puts(label, p);
    gb_str_free(&text);
    return gb_cells_width(label->data, label->len, ascii);
}

/* So many columns of a band, with its token in the middle. */
static void
add_band(gb_str *row, const char *label, unsigned width, unsigned columns,
         bool ascii)
{
    if (width > columns)
        width = columns;
    fill(row, " ", (columns - width) / 2);
    if (width > 0)
        gb_rows_field(row, label, width, ascii);
    fill(row, " ", columns - width - (columns - width) / 2);
}

/* The same as a line, when the token fits. */
static void
add_line(gb_str *row, const char *label, unsigned width, unsigned columns,
         bool ascii)
{
    const char *line = ascii ? "-" : "\xe2\x94\x80";
    unsigned left;

    if (label == NULL || width + 4 > columns) {
        fill(row, line, columns);
        return;
    }
    left = (columns - width - 2) / 2;
    fill(row, line, left);
    gb_str_putc(row, ' ');
    gb_rows_field(row, label, width, ascii);
    gb_str_putc(row, ' ');
    fill(row, line, columns - width - 2 - left);
}

/* The band that holds the temperature in force, which is marked in column
 * `mark` of it; its token stands on the side that has more room. */
static void
add_picked(gb_str *row, const char *label, unsigned width, unsigned columns,
           unsigned mark, bool ascii)
{
    const unsigned after = columns - mark - 1;

    add_line(row, mark > after ? label : NULL, width, mark, ascii);
    gb_str_puts(row, ascii ? "o" : "\xe2\x97\x8f");
    add_line(row, mark > after ? NULL : label, width, after, ascii);
}

/* Columns that belong to one band are one stretch of the row; all but the
 * first begin with a border, unless the mark stands there. */
static void
add_bands(gb_str *row, const gb_generation *g, const axis *a, const bands *b,
          gb_token picked)
{
    const gb_settings *s = &g->options->settings;
    const gb_model *m = gb_engine_model(g->engine);
    const unsigned mark =
        s->greedy ? 0 : column_of(a, (double)s->temperature);
    unsigned at, to, width;
    gb_token *owner = gb_alloc_array(a->width, sizeof *owner);
    gb_str label = GB_STR_INIT;
    size_t i = 0;

    for (at = 0; at < a->width; at++) {
        while (i + 1 < b->n && b->band[i].to < temperature_at(a, at))
            i++;
        owner[at] = at == mark ? picked : b->band[i].id;
    }
    for (at = 0; at < a->width; at = to) {
        for (to = at; to < a->width && owner[to] == owner[at]; to++)
            ;
        gb_str_clear(&label);
        width = make_label(&label, m, owner[at], a->ascii);
        if (at > 0 && at != mark) {
            gb_str_puts(row, a->ascii ? "|" : "\xe2\x94\x82");
            at++;
        }
        if (mark >= at && mark < to)
            add_picked(row, gb_str_cstr(&label), width, to - at, mark - at,
                       a->ascii);
        else
            add_band(row, gb_str_cstr(&label), width, to - at, a->ascii);
    }
    gb_str_free(&label);
    free(owner);
}

static bool
text_token(const gb_generation *g, const gb_pick *pick, const char *text,
           size_t n, gb_error *err)
{
    const axis a = make_axis(g);
    gb_str row = GB_STR_INIT, token = GB_STR_INIT;
    bands b;

    (void)text, (void)n; /* held back at times; the token is shown as it is */
    if (!find_bands(g, pick, &b, err))
        return false;
    gb_rows_token(&token, gb_engine_model(g->engine), pick->id, a.ascii);
    gb_rows_field(&row, gb_str_cstr(&token), TOKEN, a.ascii);
    gb_str_putc(&row, ' ');
    gb_rows_probability(&row, exp((double)pick->logprob));
    gb_str_putc(&row, ' ');
    add_bands(&row, g, &a, &b, pick->id);
    gb_str_free(&token);
    free_bands(&b);
    return put_row(&row, err);
}

static bool
text_end(const gb_generation *g, const char *reason, const char *text,
         size_t n, gb_error *err)
{
    (void)g, (void)reason, (void)text, (void)n, (void)err;
    return true;
}

static int
run(const gb_options *o, gb_error *err)
{
    static const gb_printer rows = {text_start, text_token, text_end};
    const gb_printer json = {gb_format_json.start, json_token,
                            gb_format_json.end};

    return gb_generate(o, o->json ? &json : &rows, err);
}

const gb_command gb_cmd_spectrum = {
    .name = "spectrum",
    .args = "[PROMPT]",
    .summary = "Which token wins at which temperature, step by step",
    .help =
        "Generates as generate does, with the same options. A row for each "
        "token: the token, its probability, and along a logarithmic axis of "
        "temperatures the tokens that the same noise would have made of this "
        "step, each between the temperatures at which it wins. A dot marks "
        "the temperature in force; the band that holds it is drawn as a "
        "line. Each step follows the text as it was written at that "
        "temperature.\n"
        "--json prints what generate --json prints; objects of type token "
        "also have rank (0: the likeliest), entropy (in nats), noise, and "
        "spectrum: a list of {from, to, id, text} in ascending temperature "
        "without gaps, from 0 to null (infinity). PROMPT missing: standard "
        "input, less one final line end.",
    .example = "gumbel spectrum -n 12 \"Once upon a time\"\n"
               "gumbel spectrum --json --top-p 0.9 \"One day\" | "
               "jq -c 'select(.type == \"token\").spectrum'",
    .self = GB_FOR_SPECTRUM,
    .max_args = 1,
    .run = run,
};
