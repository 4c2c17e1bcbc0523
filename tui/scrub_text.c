#include "tui/scrub_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "base/utf8.h"

/* Of the text before the run. */
#define BEFORE 1000

static void
add_tokens(gb_scrub_run *run, const gb_part *part, uint32_t from)
{
    size_t start = gb_part_bytes(part, from), base = run->text.len;
    uint32_t i;

    if (from >= part->n_tokens)
        return;
    run->tokens = gb_realloc_array(run->tokens,
                                   run->n + part->n_tokens - from,
                                   sizeof *run->tokens);
    for (i = from; i < part->n_tokens; i++) {
        run->tokens[run->n] = part->tokens[i];
        run->tokens[run->n++].end =
            (uint32_t)(base + part->tokens[i].end - start);
    }
    gb_str_append(&run->text, part->text.data + start,
                  part->text.len - start);
}

void
gb_scrub_run_read(gb_scrub_run *run, const gb_transcript *t, gb_place from)
{
    const gb_part *part;

    *run = (gb_scrub_run){.n = 0};
    for (part = t->parts; part < t->parts + t->n_parts; part++)
        if (part->role == GB_ROLE_MODEL && part->node >= from.node)
            add_tokens(run, part,
                       part->node == from.node ? from.tokens : 0);
}

void
gb_scrub_run_free(gb_scrub_run *run)
{
    gb_str_free(&run->text);
    free(run->tokens);
    *run = (gb_scrub_run){.n = 0};
}

static bool
is_whole(const gb_scrub_run *run, const gb_seen_trial *trial)
{
    return trial->same == run->n && trial->n_tokens == run->n;
}

/* How the run went on, on one line. */
static void
add_ghost(gb_flow *f, const gb_scrub_run *run, size_t from, unsigned width,
          bool ascii)
{
    gb_str line = GB_STR_INIT;

    from += strspn(gb_str_cstr(&run->text) + from, " \n");
    gb_str_puts(&line, ascii ? ": " : "┊ ");
    gb_utf8_line(&line, gb_str_cstr(&run->text) + from, run->text.len - from,
                 width * (size_t)4);
    gb_flow_add_line(f, GB_STYLE_FAINT, gb_str_cstr(&line), width, ascii);
    gb_str_free(&line);
}

static void
put_before(void *flow, gb_role role, const char *text, size_t n)
{
    gb_flow_add(flow, role == GB_ROLE_USER ? GB_STYLE_USER : GB_STYLE_MODEL,
                text, n);
}

void
gb_scrub_before(gb_flow *f, const gb_transcript *t, gb_place from)
{
    gb_transcript_before(t, from, BEFORE, put_before, f);
}

size_t
gb_scrub_flow(gb_flow *f, const gb_scrub_run *run, const gb_seen_trial *trial,
              unsigned width, bool ascii)
{
    size_t parting, start, end;
    const gb_written *token;
    uint32_t i;
    bool same;

    gb_flow_add(f, GB_STYLE_MODEL, gb_str_cstr(&trial->text),
                trial->same_bytes);
    parting = f->text.len;
    if (is_whole(run, trial))
        return parting;
    start = trial->same_bytes;
    if (start < run->text.len) {
        add_ghost(f, run, start, width, ascii);
        start += strspn(gb_str_cstr(&trial->text) + start, " ");
    }
    for (i = trial->same; i < trial->n_tokens; i++) {
        token = &trial->tokens[i];
        end = token->end < trial->text.len ? token->end : trial->text.len;
        same = i < run->n && run->tokens[i].id == token->id;
        if (end > start)
            gb_flow_add(f, same ? GB_STYLE_MODEL : GB_STYLE_TOKEN,
                        trial->text.data + start, end - start);
        start = end > start ? end : start;
    }
    gb_flow_add(f, GB_STYLE_TOKEN, gb_str_cstr(&trial->text) + start,
                trial->text.len - start);
    if (trial->reason == GB_REASON_NONE)
        gb_flow_add(f, GB_STYLE_FAINT, ascii ? "..." : "…",
                    ascii ? 3 : strlen("…"));
    return parting;
}

static void
put_token(gb_str *out, const gb_str *text, const gb_written *tokens,
          uint32_t n, uint32_t i)
{
    size_t from = i > 0 ? tokens[i - 1].end : 0, to;

    if (i >= n) {
        gb_str_puts(out, "the end");
        return;
    }
    to = tokens[i].end < text->len ? tokens[i].end : text->len;
    from = from < to ? from : to;
    gb_utf8_quote(out, gb_str_cstr(text) + from, to - from);
}

/* The temperature at which the run would have parted there; NAN: none. */
static double
border_of(const gb_scrub_run *run, const gb_seen_trial *trial)
{
    const double t = (double)trial->settings.temperature;
    const gb_why *why;

    if (trial->same >= run->n)
        return NAN;
    why = &run->tokens[trial->same].why;
    return t > (double)why->to     ? (double)why->to
           : t < (double)why->from ? (double)why->from
                                   : NAN;
}

void
gb_scrub_parting(gb_row *row, const gb_scrub_run *run,
                 const gb_seen_trial *trial)
{
    const uint32_t i = trial->same;
    const double border = border_of(run, trial);
    gb_str words = GB_STR_INIT;
    char heads[2][48], tail[32] = "";
    unsigned need;
    size_t k = 0;

    if (is_whole(run, trial)) {
        gb_row_puts(row, GB_STYLE_MARK, "every token stays");
        return;
    }
    put_token(&words, &run->text, run->tokens, run->n, i);
    gb_str_puts(&words, gb_row_sign(row, " → ", " -> "));
    put_token(&words, &trial->text, trial->tokens, trial->n_tokens, i);
    snprintf(heads[0], sizeof heads[0], "parts after %" PRIu32 " token%s, ", i,
             i == 1 ? "" : "s");
    snprintf(heads[1], sizeof heads[1], "after %" PRIu32 ": ", i);
    if (!isnan(border))
        snprintf(tail, sizeof tail, " (border %.4g)", border);
    /* The words are what counts, then where they stand. */
    need = row->used + gb_cells_width(words.data, words.len, row->ascii);
    while (k < GB_COUNT(heads) && need + strlen(heads[k]) > row->width)
        k++;
    if (k < GB_COUNT(heads))
        gb_row_puts(row, GB_STYLE_MARK, heads[k]);
    gb_row_puts(row, GB_STYLE_MARK, words.data);
    if (row->used + strlen(tail) <= row->width)
        gb_row_puts(row, GB_STYLE_MARK, tail);
    gb_str_free(&words);
}

/* Two places, or all there are. */
static void
put_temperature(gb_str *out, const gb_settings *settings)
{
    double t = (double)settings->temperature;

    if ((float)(round(t * 100) / 100) == settings->temperature)
        gb_str_printf(out, "%.2f", t);
    else
        gb_settings_get(settings, "temperature", out);
}

void
gb_scrub_settings(gb_str *out, const gb_settings *was, const gb_settings *now)
{
    size_t i;

    gb_str_puts(out, "T ");
    put_temperature(out, now);
    if (was->temperature != now->temperature) {
        gb_str_puts(out, " (was ");
        put_temperature(out, was);
        gb_str_putc(out, ')');
    }
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        if (!gb_settings_differ(was, now, i) ||
            strcmp(gb_settings_names[i], "temperature") == 0)
            continue;
        gb_str_printf(out, ", %s ", gb_settings_names[i]);
        gb_settings_get(now, gb_settings_names[i], out);
    }
}
