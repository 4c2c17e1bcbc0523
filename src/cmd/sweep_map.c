#include "cmd/sweep_map.h"

#include <math.h>
#include <string.h>

#include "base/cells.h"
#include "base/utf8.h"

/* Pixels. */
#define WIDTH 960.0
#define MARGIN 12.0
#define TOP 62.0 /* of the first token */
#define ROW 20.0
#define LETTER 6.7 /* at most, on average */

#define TINTS 8

typedef struct map {
    gb_str *out;
    const gb_model *m;
    const gb_sweep_text *texts;
    size_t n;
} map;

static double
x_of(const map *p, double t)
{
    const double from = p->texts[0].from, to = p->texts[p->n - 1].to;
    double share = to > from ? log(t / from) / log(to / from) : t > from;

    return MARGIN + share * (WIDTH - 2 * MARGIN);
}

/* Text that means nothing to XML or a terminal. */
static void
add_text(gb_str *out, const char *s, size_t n)
{
    gb_str visible = GB_STR_INIT;
    size_t i;

    gb_utf8_visible(&visible, s, n, false);
    for (i = 0; i < visible.len; i++)
        if (strchr("<>&\"", visible.data[i]) != NULL)
            gb_str_printf(out, "&#%d;", visible.data[i]);
        else
            gb_str_putc(out, visible.data[i]);
    gb_str_free(&visible);
}

/* The same, cut to what fits into so many pixels; nothing when that would be
 * too little to read. */
static void
add_label(gb_str *out, const char *s, size_t n, double pixels)
{
    const unsigned room = pixels > 0 ? (unsigned)(pixels / LETTER) : 0;
    const bool fits = gb_cells_width(s, n, false) <= room;
    unsigned width = 0;
    size_t at = 0;
    gb_cell cell;

    if (!fits && room < 3)
        return;
    for (; at < n; at += cell.bytes, width += cell.width) {
        gb_cell_read(&cell, s + at, n - at, width, false);
        if (width + cell.width + !fits > room)
            break;
    }
    add_text(out, s, at);
    if (!fits)
        gb_str_puts(out, "\xe2\x80\xa6");
}

/* The texts from first to last share this token and all before it. */
static void
add_token(map *p, size_t first, size_t last, size_t depth)
{
    const gb_token id = p->texts[first].ids.data[depth];
    const double from = p->texts[first].from, to = p->texts[last].to;
    const double left = x_of(p, from), width = x_of(p, to) - left;
    const double y = TOP + ROW * (double)depth;
    const double middle = (left + width / 2 - MARGIN) / (WIDTH - 2 * MARGIN);
    const char *bytes = "\xe2\x88\x8e"; /* the end of the text */
    size_t n = strlen(bytes);
    gb_str label = GB_STR_INIT;

    if (!gb_ends_has(&p->m->config.ends, id))
        bytes = gb_tokenizer_bytes(p->m->tokenizer, id, &n);
    gb_str_printf(p->out,
                  "<g class=\"t%d\"><title>%.5g \xe2\x80\x93 %.5g: ",
                  (int)fmin(middle * TINTS, TINTS - 1), from, to);
    add_text(p->out, bytes, n);
    gb_str_printf(p->out,
                  "</title><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
                  "height=\"%.1f\"/>",
                  left, y, width, ROW);
    while (n > 0 && *bytes == ' ')
        bytes++, n--;
    add_label(&label, bytes, n, width - 6);
    if (label.len > 0)
        gb_str_printf(p->out, "<text x=\"%.2f\" y=\"%.1f\">%s</text>",
                      left + width / 2, y + ROW - 6, label.data);
    gb_str_puts(p->out, "</g>\n");
    gb_str_free(&label);
}

/* The tokens at this depth, each as wide as the texts that share it. */
static bool
add_row(map *p, size_t depth)
{
    const gb_sweep_text *t = p->texts;
    size_t first, last;
    bool any = false;

    for (first = 0; first < p->n; first = last + 1) {
        last = first;
        if (t[first].ids.len <= depth)
            continue;
        while (last + 1 < p->n && t[last + 1].ids.len > depth &&
               memcmp(t[last + 1].ids.data, t[first].ids.data,
                      (depth + 1) * sizeof(gb_token)) == 0)
            last++;
        add_token(p, first, last, depth);
        any = true;
    }
    return any;
}

/* A line for every round temperature that has room for its figure. */
static void
add_axis(map *p, double bottom)
{
    static const double digits[] = {1,   1.2, 1.4, 1.6, 1.8, 2, 2.5, 3,
                                    3.5, 4,   5,   6,   7,   8, 9};
    const double from = p->texts[0].from, to = p->texts[p->n - 1].to;
    double x, t, last = -100;
    int power;
    size_t i;

    for (power = -3; power <= 3; power++)
        for (i = 0; i < sizeof digits / sizeof *digits; i++) {
            t = digits[i] * pow(10, power);
            x = x_of(p, t);
            if (t < from * 0.9999 || t > to * 1.0001 || x - last < 44)
                continue;
            gb_str_printf(p->out,
                          "<path d=\"M%.2f %.1fV%.1f\"/>"
                          "<text x=\"%.2f\" y=\"%.1f\">%g</text>\n",
                          x, TOP - 8, bottom, fmin(fmax(x, 18), WIDTH - 18),
                          TOP - 13, t);
            last = x;
        }
}

static void
add_style(gb_str *out)
{
    /* From cold to hot, on light and on dark ground. */
    static const char *const tints[2][TINTS] = {
        {"#cfe0f7", "#d3e8ee", "#d9eee0", "#e5f0d3", "#f3efcb", "#f8e3c4",
         "#f8d5c2", "#f5c7c4"},
        {"#21406b", "#1f4a5c", "#24523f", "#435426", "#5c5220", "#66451f",
         "#693727", "#682c33"},
    };
    int dark, i;

    gb_str_puts(out, "<style>\n"
        "text{font:11px ui-sans-serif,system-ui,'DejaVu Sans',sans-serif;"
        "text-anchor:middle;fill:#1f2328}\n"
        "text.title{font-size:14px;font-weight:600;text-anchor:start}\n"
        ".ground{fill:#ffffff}rect{stroke:#ffffff;stroke-width:1}\n"
        "path{stroke:#d0d7de;fill:none}.axis text{fill:#59636e}\n");
    for (dark = 0; dark < 2; dark++) {
        if (dark)
            gb_str_puts(out, "@media (prefers-color-scheme:dark){"
                "text{fill:#e6edf3}.ground{fill:#0d1117}"
                "rect{stroke:#0d1117}path{stroke:#30363d}"
                ".axis text{fill:#9198a1}\n");
        for (i = 0; i < TINTS; i++)
            gb_str_printf(out, ".t%d rect{fill:%s}", i, tints[dark][i]);
        gb_str_puts(out, dark ? "}\n" : "\n");
    }
    gb_str_puts(out, "</style>\n");
}

void
gb_sweep_map(gb_str *out, const gb_model *m, const gb_sweep_text *texts,
             size_t n, const char *title)
{
    map p = {out, m, texts, n};
    size_t rows = 0, i;
    double height;

    for (i = 0; i < n; i++)
        if (texts[i].ids.len > rows)
            rows = texts[i].ids.len;
    height = TOP + ROW * (double)rows + MARGIN;
    gb_str_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
                  "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n",
                  WIDTH, height, WIDTH, height);
    add_style(out);
    gb_str_printf(out, "<rect class=\"ground\" width=\"%.0f\" "
                  "height=\"%.0f\" rx=\"6\"/>\n", WIDTH, height);
    gb_str_printf(out, "<text class=\"title\" x=\"%.0f\" y=\"24\">", MARGIN);
    add_label(out, title, strlen(title), (WIDTH - 2 * MARGIN) * 0.8);
    gb_str_puts(out, "</text>\n<g class=\"axis\">\n");
    add_axis(&p, height - MARGIN);
    gb_str_puts(out, "</g>\n");
    for (i = 0; i < rows; i++)
        add_row(&p, i);
    gb_str_puts(out, "</svg>\n");
}
