#include "session/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/rerun.h"
#include "session/trial_map.h"

#define GB_TRIAL_TEXTS 1000

/* A text that is being written. */
typedef struct writer {
    gb_rerun rerun;
    double at; /* its temperature */
    bool writes;
} writer;

struct gb_trial {
    gb_session *session;
    /* The run, and what must stay so that it is the one: */
    gb_place from, end;
    size_t run, n_nodes;
    gb_mode mode;
    gb_written *tokens; /* (n) of it */
    uint32_t n;

    /* What was asked for, while there are writers: */
    gb_settings settings;
    double temperature; /* of these; */
    size_t answer;      /* its text's index; SIZE_MAX: not known */
    double from_t, to_t; /* of the map */
    bool done;

    gb_trial_map map;
    writer writers[GB_ROWS]; /* (n_writers) opened; the first one writes the
                                answer, alone */
    unsigned n_writers;
};

/* The run. */

static void
collect(gb_trial *t)
{
    const gb_path *path = &t->session->tree->path;
    const gb_stretch *s;
    size_t i;

    for (i = 0; i < path->len; i++) {
        s = &path->data[i];
        if (s->node->run != t->run || s->node->hidden || s->tokens == 0)
            continue;
        t->tokens = gb_realloc_array(t->tokens, t->n + s->tokens,
                                     sizeof *t->tokens);
        memcpy(t->tokens + t->n, s->node->tokens,
               s->tokens * sizeof *t->tokens);
        t->n += s->tokens;
    }
}

gb_trial *
gb_trial_open(gb_session *s, gb_error *err)
{
    const gb_run *run = gb_tree_last_run(s->tree);
    gb_trial *t;

    if (run == NULL || s->tree->writing) {
        gb_fail_usage(err, run == NULL ? "there is no text of the model to try"
                                       : "the model is still writing");
        return NULL;
    }
    t = gb_alloc(sizeof *t);
    t->session = s;
    t->from = run->from;
    t->end = gb_tree_place(s->tree);
    t->run = (size_t)(run - s->tree->runs);
    t->n_nodes = s->tree->n_nodes;
    t->mode = s->tree->mode;
    t->answer = SIZE_MAX;
    collect(t);
    return t;
}

static void
forget(gb_trial *t)
{
    gb_trial_map_clear(&t->map);
    while (t->n_writers > 0) {
        gb_rerun_close(&t->writers[--t->n_writers].rerun);
        t->writers[t->n_writers].writes = false;
    }
    t->done = false;
    t->answer = SIZE_MAX;
}

void
gb_trial_close(gb_trial *t)
{
    if (t == NULL)
        return;
    forget(t);
    gb_trial_map_free(&t->map);
    free(t->tokens);
    free(t);
}

bool
gb_trial_holds(const gb_trial *t)
{
    const gb_tree *tree = t->session->tree;
    const gb_place end = gb_tree_place(tree);

    return !tree->writing && tree->n_nodes == t->n_nodes &&
           tree->mode == t->mode && end.node == t->end.node &&
           end.tokens == t->end.tokens;
}

void
gb_trial_pause(gb_trial *t)
{
    unsigned i;

    for (i = 0; t != NULL && i < t->n_writers; i++)
        gb_rerun_pause(&t->writers[i].rerun);
}

/* What is known. */

static bool
holds(const gb_written *token, double temperature)
{
    return (double)token->why.from <= temperature &&
           temperature <= (double)token->why.to;
}

/* So many tokens stay at another temperature. */
static uint32_t
count_held(const gb_written *tokens, uint32_t n, double temperature)
{
    uint32_t i = 0;

    while (i < n && holds(&tokens[i], temperature))
        i++;
    return i;
}

static bool
is_same_but_temperature(const gb_settings *a, const gb_settings *b)
{
    gb_settings c = *b;

    c.temperature = a->temperature;
    return gb_settings_same(a, &c);
}

/* The tokens of the run that would come with these settings, too: those whose
 * logits and noise are the same. */
static uint32_t
count_own(const gb_trial *t)
{
    const gb_tree *tree = t->session->tree;
    const gb_node *n;
    uint32_t count = 0;
    size_t i;

    for (i = 0; i < tree->path.len; i++) {
        n = tree->path.data[i].node;
        if (n->run != t->run || n->hidden)
            continue;
        if (n->mode != t->mode ||
            n->settings.seed != t->settings.seed ||
            n->step != t->writers[0].rerun.step + count ||
            !is_same_but_temperature(&n->settings, &t->settings))
            break;
        count += tree->path.data[i].tokens;
    }
    return count;
}

static void
offer(const gb_written *tokens, uint32_t n, double temperature,
      const gb_written **best, uint32_t *most)
{
    uint32_t held = count_held(tokens, n, temperature);

    if (held > *most) {
        *best = tokens;
        *most = held;
    }
}

/* Begins to write the text of a temperature, with what is known of it. */
static void
begin(gb_trial *t, writer *w, float temperature)
{
    gb_rerun *r = &w->rerun;
    const gb_written *best = NULL;
    uint32_t most = 0;
    const writer *v;
    size_t i;

    w->at = (double)temperature;
    w->writes = true;
    offer(r->tokens, r->n_tokens, w->at, &best, &most);
    r->settings.temperature = temperature;
    /* It goes on where it was. */
    if (most == r->n_tokens && most > 0 && r->reason == GB_REASON_NONE)
        return;
    offer(t->tokens, count_own(t), w->at, &best, &most);
    for (i = 0; i < t->map.n; i++)
        offer(t->map.texts[i].tokens, t->map.texts[i].n, w->at, &best, &most);
    for (v = t->writers; v < t->writers + t->n_writers; v++)
        offer(v->rerun.tokens, v->rerun.n_tokens, w->at, &best, &most);
    gb_rerun_restart(r, best, most);
}

/* As far as it goes. */
static gb_trial_text
text_of(const writer *w)
{
    const gb_rerun *r = &w->rerun;

    return (gb_trial_text){.at = w->at, .tokens = r->tokens, .n = r->n_tokens,
                           .text = r->text, .reason = r->reason};
}

/* The text that was written is known now. */
static void
keep(gb_trial *t, writer *w)
{
    const gb_trial_text k = text_of(w);

    w->writes = false;
    gb_trial_map_add(&t->map, &k);
}

/* What is asked for. */

bool
gb_trial_ask(gb_trial *t, const gb_settings *settings, gb_error *err)
{
    unsigned i;

    if (t->n_writers > 0 && gb_settings_same(settings, &t->settings))
        return true;
    if (t->n_writers == 0 ||
        !is_same_but_temperature(settings, &t->settings)) {
        forget(t);
        if (!gb_rerun_open(&t->writers[0].rerun, t->session, t->from,
                           settings, err))
            return false;
        t->n_writers = 1;
    }
    t->settings = *settings;
    t->temperature = (double)settings->temperature;
    t->from_t = fmin(GB_TRIAL_FROM, t->temperature);
    t->to_t = fmax(GB_TRIAL_TO, t->temperature);
    t->answer = gb_trial_map_find(&t->map, t->temperature);
    t->done = false;
    for (i = 0; i < t->n_writers; i++)
        t->writers[i].writes = false;
    return true;
}

/* As many texts side by side as there are writers for. */
static unsigned
most_writers(const gb_trial *t)
{
    return gb_loop_counts_reads(t->session->engine) ? 1 : GB_ROWS;
}

/* One that writes nothing; NULL: there is none, or it could not be. */
static writer *
find_writer(gb_trial *t)
{
    writer *w;
    unsigned i;

    for (i = 0; i < t->n_writers; i++)
        if (!t->writers[i].writes)
            return &t->writers[i];
    w = &t->writers[t->n_writers];
    if (t->n_writers >= most_writers(t) ||
        !gb_rerun_open(&w->rerun, t->session, t->from, &t->settings, NULL))
        return NULL;
    t->n_writers++;
    return w;
}

/* Who writes; n of them. */
static unsigned
list_writing(gb_trial *t, writer **list)
{
    unsigned n = 0, i;

    for (i = 0; i < t->n_writers; i++)
        if (t->writers[i].writes)
            list[n++] = &t->writers[i];
    return n;
}

/* Begins with the answer; with that, with texts around it as long as there are
 * writers for them. */
static void
begin_texts(gb_trial *t)
{
    gb_trial_text busy[GB_ROWS];
    writer *list[GB_ROWS], *w;
    gb_trial_search s = {t->answer, t->temperature, t->from_t, t->to_t, busy,
                         list_writing(t, list)};
    float at;
    size_t i;

    if (t->answer == SIZE_MAX) {
        if (s.n_busy == 0)
            begin(t, &t->writers[0], t->settings.temperature);
        return;
    }
    for (i = 0; i < s.n_busy; i++) {
        busy[i] = text_of(list[i]);
        gb_trial_interval(&busy[i]);
    }
    while (!t->settings.greedy && t->map.n + s.n_busy < GB_TRIAL_TEXTS &&
           (w = find_writer(t)) != NULL &&
           gb_trial_map_next(&t->map, &s, &at)) {
        begin(t, w, at);
        busy[s.n_busy] = text_of(w);
        gb_trial_interval(&busy[s.n_busy++]);
    }
}

bool
gb_trial_step(gb_trial *t, gb_error *err)
{
    writer *list[GB_ROWS];
    gb_rerun *reruns[GB_ROWS];
    unsigned n, going = 0, i;

    if (t->n_writers == 0 || t->done)
        return true;
    begin_texts(t);
    n = list_writing(t, list);
    t->done = n == 0;
    for (i = 0; i < n; i++) /* one may be known as a whole */
        if (list[i]->rerun.reason == GB_REASON_NONE)
            reruns[going++] = &list[i]->rerun;
    if (going > 1 ? !gb_rerun_step_several(reruns, going, err)
                  : going == 1 && !gb_rerun_step(reruns[0], err))
        return false;
    for (i = 0; i < n; i++)
        if (list[i]->rerun.reason != GB_REASON_NONE)
            keep(t, list[i]);
    t->answer = gb_trial_map_find(&t->map, t->temperature);
    return true;
}

bool
gb_trial_is_found(const gb_trial *t)
{
    return t->answer != SIZE_MAX;
}

bool
gb_trial_is_done(const gb_trial *t)
{
    return t->done;
}

/* As plain data. */

/* The first token of a text that is not in the one below it. */
static gb_token
find_parting(const gb_trial_text *below, const gb_trial_text *k)
{
    uint32_t i = 0;

    while (below != NULL && i + 1 < k->n && i < below->n &&
           below->tokens[i].id == k->tokens[i].id)
        i++;
    return k->tokens[i].id;
}

static void
see_map(const gb_trial *t, gb_seen_trial *seen)
{
    const gb_tokenizer *tokenizer = t->session->model->tokenizer;
    const gb_trial_text *k;
    size_t i;

    seen->map = gb_alloc_array(t->map.n, sizeof *seen->map);
    for (i = 0; i < t->map.n; i++) {
        k = &t->map.texts[i];
        if (k->n == 0 || k->to < t->from_t || k->from > t->to_t)
            continue;
        seen->map[seen->n_map++] = (gb_seen_band){
            k->from, k->to,
            gb_seen_token_of(tokenizer,
                             find_parting(i > 0 ? &k[-1] : NULL, k)),
        };
    }
    seen->map_from = t->from_t;
    seen->map_to = t->to_t;
    seen->more = t->done && t->map.n >= GB_TRIAL_TEXTS;
    seen->whole = t->done && !seen->more;
}

gb_seen_trial *
gb_trial_see(const gb_trial *t)
{
    gb_seen_trial *seen = gb_alloc(sizeof *seen);
    gb_trial_text k = {.n = 0};
    uint64_t step;

    if (t->writers[0].writes)
        k = text_of(&t->writers[0]);
    gb_trial_interval(&k);
    if (t->answer != SIZE_MAX)
        k = t->map.texts[t->answer];
    *seen = (gb_seen_trial){.settings = t->settings, .from = t->from,
                            .n_tokens = k.n, .reason = k.reason,
                            .low = k.from, .high = k.to};
    gb_tree_noise(t->session->tree, t->from, &seen->seed, &step);
    seen->tokens = gb_alloc_array(k.n + (size_t)1, sizeof *seen->tokens);
    if (k.n > 0) {
        memcpy(seen->tokens, k.tokens, k.n * sizeof *k.tokens);
        gb_str_append(&seen->text, gb_str_cstr(&k.text), k.text.len);
    }
    while (seen->same < k.n && seen->same < t->n &&
           k.tokens[seen->same].id == t->tokens[seen->same].id)
        seen->same_bytes = k.tokens[seen->same++].end;
    see_map(t, seen);
    return seen;
}
