/* The last run, written again and again as its settings move. Nothing of the
 * session changes before one is kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tui/app.h"
#include "tui/map_row.h"
#include "tui/screen.h"
#include "tui/scrub_text.h"

typedef struct scrub_page {
    gb_page page;
    gb_settings now;  /* what is tried */
    bool told;        /* the mirror's trial is of this page */
    char *trouble;    /* why there is none; or NULL */
    long scrolled;    /* lines, from where it shows by itself */
    /* Made when something else is known, or has another width: */
    gb_scrub_run run;
    gb_flow flow;
    unsigned wrapped; /* columns; 0: it is not */
    size_t parting;   /* byte of the flow */
} scrub_page;

static const gb_seen_trial *
trial_of(const scrub_page *s)
{
    return s->told ? s->page.app->ui.mirror.trial : NULL;
}

static void
news(gb_page *p, const gb_news *n)
{
    scrub_page *s = (scrub_page *)p;

    s->wrapped = 0;
    if (n->type != GB_NEWS_TRIAL)
        return;
    s->told = true;
    free(s->trouble);
    s->trouble = gb_strdup(gb_str_cstr(&n->text));
}

/* With what the run was written, as it stands in the conversation. */
static const gb_settings *
written_with(const scrub_page *s)
{
    const gb_mirror *m = &s->page.app->ui.mirror;
    const gb_seen_trial *t = trial_of(s);
    const gb_part *part = t != NULL ? gb_transcript_part(&m->transcript,
                                                         t->from)
                                    : NULL;

    return part != NULL ? &part->settings : &m->settings;
}

static bool
change(scrub_page *s, const char *command)
{
    s->scrolled = 0;
    gb_page_run(&s->page, command);
    return true;
}

static bool
type(scrub_page *s, const char *begin)
{
    s->scrolled = 0;
    gb_page_type(&s->page, begin);
    return true;
}

/* The text above or below, in the order of temperatures. */
static void
neighbour(scrub_page *s, bool upwards)
{
    const gb_seen_trial *t = trial_of(s);
    double end, until = upwards ? (double)INFINITY : 0;
    gb_str value = GB_STR_INIT;
    size_t at;

    if (t == NULL || !gb_settings_same(&t->settings, &s->now))
        return;
    end = upwards ? t->high : t->low;
    if (t->settings.greedy || !(end >= GB_TEMPERATURE_MIN) ||
        end >= GB_TEMPERATURE_MAX) {
        gb_app_notice(s->page.app, "there is no text beyond");
        return;
    }
    at = gb_map_find(t, (double)s->now.temperature);
    if (at > 0 && upwards && at < t->n_map)
        until = t->map[at].to;
    else if (at > 1 && !upwards)
        until = t->map[at - 2].from;
    gb_str_printf(&value, "/temp %.9g", gb_map_beyond(end, until, upwards));
    change(s, gb_str_cstr(&value));
    gb_str_free(&value);
}

/* The session gets all settings of the trial but the seed. */
static bool
set_all(scrub_page *s)
{
    gb_mirror *m = &s->page.app->ui.mirror;
    gb_error err = GB_ERROR_INIT;
    gb_str value = GB_STR_INIT;
    bool ok = true;
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL && ok; i++) {
        if (!gb_settings_differ(&m->settings, &s->now, i) ||
            strcmp(gb_settings_names[i], "seed") == 0)
            continue;
        gb_str_clear(&value);
        gb_settings_get(&s->now, gb_settings_names[i], &value);
        ok = gb_mirror_set(m, gb_settings_names[i], gb_str_cstr(&value),
                           &err);
    }
    if (!ok)
        gb_app_error(s->page.app, err.text);
    gb_str_free(&value);
    return ok;
}

/* The run once more, with the noise of its place or of another seed. */
static bool
write_again(scrub_page *s, const gb_seen_trial *t)
{
    gb_request run = {.what = GB_DO_EVENT,
                      .event = {.type = GB_EVENT_RUN, .how = GB_HOW_RESEED,
                                .seed = s->now.seed, .place = t->from,
                                .placed = true}};

    return s->now.seed != t->seed ? gb_page_post(&s->page, &run)
                                  : gb_page_run(&s->page, "/again");
}

static void
keep(scrub_page *s)
{
    const gb_seen_trial *t = trial_of(s);
    gb_app *a = s->page.app;

    if (t == NULL)
        return;
    a->ui.tried = NULL;
    if (set_all(s) && write_again(s, t) && gb_page_run(&s->page, "/rush"))
        gb_page_close_all(a);
    else
        a->ui.tried = &s->now;
}

static bool
act(gb_page *p, gb_page_act what)
{
    scrub_page *s = (scrub_page *)p;

    switch (what) {
    case GB_ACT_LOWER:
        return change(s, "/temp -0.1");
    case GB_ACT_HIGHER:
        return change(s, "/temp +0.1");
    case GB_ACT_LOWER_FINE:
        return change(s, "/temp -0.01");
    case GB_ACT_HIGHER_FINE:
        return change(s, "/temp +0.01");
    case GB_ACT_UP:
        neighbour(s, true);
        return true;
    case GB_ACT_DOWN:
        neighbour(s, false);
        return true;
    case GB_ACT_GREEDY:
        return change(s, "/greedy");
    case GB_ACT_SEED_CHANCE:
        return change(s, "/seed random");
    case GB_ACT_SEED_NEXT:
        return change(s, "/seed next");
    case GB_ACT_TOP_K:
        return type(s, "/topk ");
    case GB_ACT_TOP_P:
        return type(s, "/topp ");
    case GB_ACT_MIN_P:
        return type(s, "/minp ");
    case GB_ACT_TYPE:
        return type(s, "/");
    case GB_ACT_PAGE_UP:
        s->scrolled -= 5;
        return true;
    case GB_ACT_PAGE_DOWN:
        s->scrolled += 5;
        return true;
    case GB_ACT_KEEP:
        keep(s);
        return true;
    default:
        return false;
    }
}

static void
title(gb_page *p, gb_str *left, gb_str *right)
{
    const scrub_page *s = (const scrub_page *)p;
    const gb_seen_trial *t = trial_of(s);
    size_t at;

    gb_str_puts(left, "scrub ");
    gb_scrub_settings(left, written_with(s), &s->now);
    if (t == NULL || !gb_settings_same(&t->settings, &s->now)) {
        gb_str_puts(right, s->told && t == NULL ? "" : "computing");
        return;
    }
    at = gb_map_find(t, (double)s->now.temperature);
    if (t->whole && at > 0)
        gb_str_printf(right, "text %zu of %zu", at, t->n_map);
    else if (t->more)
        gb_str_printf(right, "more than %zu texts", t->n_map);
    else if (t->n_map > 0)
        gb_str_printf(right, "%zu text%s so far", t->n_map,
                      t->n_map == 1 ? "" : "s");
}

static void
wrap(scrub_page *s, const gb_seen_trial *t, unsigned width)
{
    const gb_transcript *text = &s->page.app->ui.mirror.transcript;
    bool ascii = gb_screen_is_ascii();

    if (s->wrapped == width)
        return;
    gb_scrub_run_free(&s->run);
    gb_flow_free(&s->flow);
    gb_scrub_run_read(&s->run, text, t->from);
    gb_scrub_before(&s->flow, text, t->from);
    s->parting = gb_scrub_flow(&s->flow, &s->run, t, width, ascii);
    gb_flow_wrap(&s->flow, width, ascii);
    s->wrapped = width;
}

/* The text in its rows, so that where it parts is to be seen. */
static void
draw_text(scrub_page *s, unsigned top, unsigned height)
{
    const gb_flow *f = &s->flow;
    size_t line = gb_flow_line_of(f, s->parting > 0 ? s->parting - 1 : 0);
    long first, most = f->n_lines > height ? (long)(f->n_lines - height) : 0;

    first = (long)line - (long)height / 3;
    first = first < 0 ? 0 : first > most ? most : first;
    /* Scrolled to an end it stays there. */
    if (first + s->scrolled < 0)
        s->scrolled = -first;
    if (first + s->scrolled > most)
        s->scrolled = most - first;
    gb_page_flow(f, (size_t)(first + s->scrolled), top, 2, s->wrapped, height);
}

static void
draw_map(const scrub_page *s, const gb_seen_trial *t, unsigned top,
         unsigned width)
{
    gb_row row = gb_frame_new_row(width - 1);

    gb_map_put(&row, t, (double)s->now.temperature);
    gb_frame_row(&row, top, 1);
    row = gb_frame_new_row(width - 1);
    gb_scrub_parting(&row, &s->run, t);
    gb_frame_row(&row, top + 1, 1);
}

static void
draw(gb_page *p, unsigned top, unsigned width, unsigned height)
{
    scrub_page *s = (scrub_page *)p;
    const gb_seen_trial *t = trial_of(s);
    unsigned bottom = top + height, room = width > 4 ? width - 4 : 1;

    if (t == NULL) {
        if (height > 0 && s->trouble != NULL)
            gb_screen_put(top, 2, width - 2, GB_STYLE_FAINT, s->trouble);
        return;
    }
    wrap(s, t, room < GB_PROSE_WIDTH ? room : GB_PROSE_WIDTH);
    if (height >= 4) {
        bottom -= 2;
        draw_map(s, t, bottom, width);
        if (height >= 8)
            gb_screen_line(--bottom, 0, width);
    }
    draw_text(s, top, bottom - top);
}

static void
free_page(gb_page *p)
{
    static const gb_request end = {.what = GB_DO_TRIAL,
                                   .flags = GB_TRIAL_END};
    scrub_page *s = (scrub_page *)p;

    p->app->ui.tried = NULL;
    gb_mirror_post(&p->app->ui.mirror, &end, NULL);
    free(s->trouble);
    gb_scrub_run_free(&s->run);
    gb_flow_free(&s->flow);
}

static const gb_page_kind kind = {
    .mode = GB_PAGE_SCRUB,
    .act = act,
    .news = news,
    .free = free_page,
    .alone = true,
    .title = title,
    .draw = draw,
};

void
gb_page_scrub(gb_app *a)
{
    gb_request request = {.what = GB_DO_TRIAL};
    scrub_page *s = gb_alloc(sizeof *s);

    gb_page_open(a, &s->page, &kind);
    request.settings = s->now = a->ui.mirror.settings;
    a->ui.tried = &s->now;
    gb_page_post(&s->page, &request);
}
