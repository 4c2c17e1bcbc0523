#include "session/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/rerun.h"

#define GB_TRIAL_TEXTS 1000
/* Of a temperature: the ends of two texts that differ by no more are one. */
#define GB_TRIAL_NEAR 2e-6

/* A whole text, and the temperatures at which it comes. */
typedef struct known {
    double from, to;
    gb_written *tokens;
    uint32_t n;
    gb_str text; /* of them */
    gb_reason reason;
} known;

struct gb_trial {
    gb_session *session;
    /* The run, and what must stay so that it is the one: */
    gb_place from, end;
    size_t run, n_nodes;
    gb_mode mode;
    gb_written *tokens; /* (n) of it */
    uint32_t n;

    /* What was asked for, while the rerun is open: */
    gb_settings settings;
    double temperature; /* of these; */
    size_t answer;      /* its text's index; SIZE_MAX: not known */
    double from_t, to_t; /* of the map */
    bool done;

    known *texts; /* (n_texts) ascending, without overlaps */
    size_t n_texts;
    gb_rerun rerun;     /* of a text that is being written: */
    bool writing;
    double at;          /* its temperature */
    double reach;       /* how far beyond a border the next one is looked for,
                           of the temperature */
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
    while (t->n_texts > 0) {
        free(t->texts[--t->n_texts].tokens);
        gb_str_free(&t->texts[t->n_texts].text);
    }
    gb_rerun_close(&t->rerun);
    t->writing = t->done = false;
    t->answer = SIZE_MAX;
    t->reach = 4 * GB_TRIAL_NEAR;
}

void
gb_trial_close(gb_trial *t)
{
    if (t == NULL)
        return;
    forget(t);
    free(t->texts);
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
    if (t != NULL)
        gb_rerun_pause(&t->rerun);
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

static size_t
find_text(const gb_trial *t, double temperature)
{
    size_t i;

    for (i = 0; i < t->n_texts; i++)
        if (t->texts[i].from <= temperature &&
            temperature <= t->texts[i].to)
            return i;
    return SIZE_MAX;
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
            n->step != t->rerun.step + count ||
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
begin(gb_trial *t, float temperature)
{
    const gb_written *best = NULL;
    uint32_t most = 0;
    size_t i;

    t->at = (double)temperature;
    t->writing = true;
    offer(t->rerun.tokens, t->rerun.n_tokens, t->at, &best, &most);
    t->rerun.settings.temperature = temperature;
    /* It goes on where it was. */
    if (most == t->rerun.n_tokens && most > 0 &&
        t->rerun.reason == GB_REASON_NONE)
        return;
    offer(t->tokens, count_own(t), t->at, &best, &most);
    for (i = 0; i < t->n_texts; i++)
        offer(t->texts[i].tokens, t->texts[i].n, t->at, &best, &most);
    gb_rerun_restart(&t->rerun, best, most);
}

/* The temperatures at which these tokens come. */
static void
find_interval(const gb_written *tokens, uint32_t n, double *from, double *to)
{
    uint32_t i;

    *from = 0;
    *to = (double)INFINITY;
    for (i = 0; i < n; i++) {
        *from = fmax(*from, (double)tokens[i].why.from);
        *to = fmin(*to, (double)tokens[i].why.to);
    }
}

static bool
is_near(double below, double above)
{
    return above - below <= GB_TRIAL_NEAR * above;
}

static bool
is_text(const known *k, const gb_rerun *r)
{
    uint32_t i;

    for (i = 0; i < k->n && i < r->n_tokens; i++)
        if (k->tokens[i].id != r->tokens[i].id)
            return false;
    return k->n == r->n_tokens;
}

/* The text that was written is known now, between its neighbours; rounding may
 * have moved an end into one of them, or apart from it. */
static void
keep(gb_trial *t)
{
    const gb_rerun *r = &t->rerun;
    known k = {.n = r->n_tokens, .reason = r->reason}, *below, *above;
    bool down, up;
    size_t i = 0;

    find_interval(r->tokens, r->n_tokens, &k.from, &k.to);
    k.from = fmin(k.from, t->at);
    k.to = fmax(k.to, t->at);
    while (i < t->n_texts && t->texts[i].to < t->at)
        i++;
    below = i > 0 ? &t->texts[i - 1] : NULL;
    above = i < t->n_texts ? &t->texts[i] : NULL;
    /* So near a border that a neighbour has come once more. */
    down = below != NULL && k.from <= below->to && is_text(below, r);
    up = above != NULL && k.to >= above->from && is_text(above, r);
    if (below != NULL && (k.from < below->to || is_near(below->to, k.from)))
        k.from = below->to;
    if (above != NULL && (k.to > above->from || is_near(k.to, above->from)))
        k.to = above->from;
    t->writing = false;
    if (below != NULL && down)
        below->to = k.to;
    if (above != NULL && up)
        above->from = k.from;
    t->reach = down || up ? 4 * t->reach : 4 * GB_TRIAL_NEAR;
    if (down || up)
        return;
    k.tokens = gb_alloc_array(k.n + (size_t)1, sizeof *k.tokens);
    if (k.n > 0)
        memcpy(k.tokens, r->tokens, k.n * sizeof *k.tokens);
    gb_str_append(&k.text, gb_str_cstr(&r->text), r->text.len);
    t->texts = gb_realloc_array(t->texts, t->n_texts + 1, sizeof *t->texts);
    memmove(&t->texts[i + 1], &t->texts[i],
            (t->n_texts++ - i) * sizeof *t->texts);
    t->texts[i] = k;
}

/* What is asked for. */

static bool
is_asked(const gb_trial *t)
{
    return t->rerun.session != NULL;
}

bool
gb_trial_ask(gb_trial *t, const gb_settings *settings, gb_error *err)
{
    if (is_asked(t) && gb_settings_same(settings, &t->settings))
        return true;
    if (!is_asked(t) || !is_same_but_temperature(settings, &t->settings)) {
        forget(t);
        if (!gb_rerun_open(&t->rerun, t->session, t->from, settings, err))
            return false;
    }
    t->settings = *settings;
    t->temperature = (double)settings->temperature;
    t->from_t = fmin(GB_TRIAL_FROM, t->temperature);
    t->to_t = fmax(GB_TRIAL_TO, t->temperature);
    t->answer = find_text(t, t->temperature);
    t->writing = t->done = false;
    return true;
}

/* A temperature within a gap, near the end that is known. False: no number
 * lies there, and the gap is none. */
static bool
aim(const gb_trial *t, double below, double above, bool upwards, float *at)
{
    double middle = below + (above - below) / 2;
    double x = upwards ? below * (1 + t->reach) : above * (1 - t->reach);

    x = upwards ? fmin(x, middle) : fmax(x, middle);
    *at = (float)x;
    if ((double)*at <= below)
        *at = nextafterf(*at, INFINITY);
    else if ((double)*at >= above)
        *at = nextafterf(*at, 0);
    return (double)*at > below && (double)*at < above;
}

/* The gap behind a text, or before it, up to the next one or the map's end;
 * false: there is none. */
static bool
find_gap(const gb_trial *t, size_t i, bool upwards, double *below,
         double *above)
{
    const known *k = &t->texts[i];

    if (upwards) {
        *below = k->to;
        *above = i + 1 < t->n_texts ? k[1].from : t->to_t;
        *above = fmin(*above, t->to_t);
    } else {
        *above = k->from;
        *below = i > 0 ? k[-1].to : t->from_t;
        *below = fmax(*below, t->from_t);
    }
    return *above > *below && !is_near(*below, *above);
}

/* The nearest gap in one direction, and how far it is. */
static bool
find_next(const gb_trial *t, bool upwards, float *at, double *far)
{
    double below, above;
    size_t i;

    for (i = t->answer; i < t->n_texts; i += upwards ? 1 : SIZE_MAX)
        if (find_gap(t, i, upwards, &below, &above) &&
            aim(t, below, above, upwards, at)) {
            *far = upwards ? below / t->temperature : t->temperature / above;
            return true;
        }
    return false;
}

/* In either. */
static bool
next_gap(const gb_trial *t, float *at)
{
    double up = 0, down = 0;
    float lower;
    bool has_up = find_next(t, true, at, &up);
    bool has_down = find_next(t, false, &lower, &down);

    if (has_down && (!has_up || down < up))
        *at = lower;
    return has_up || has_down;
}

bool
gb_trial_step(gb_trial *t, gb_error *err)
{
    float at = t->settings.temperature;

    if (!is_asked(t) || t->done)
        return true;
    if (!t->writing) {
        t->done = t->answer != SIZE_MAX &&
                  (t->settings.greedy || t->n_texts >= GB_TRIAL_TEXTS ||
                   !next_gap(t, &at));
        if (t->done)
            return true;
        begin(t, at);
    }
    if (!gb_rerun_step(&t->rerun, err))
        return false;
    if (t->rerun.reason != GB_REASON_NONE) {
        keep(t);
        t->answer = find_text(t, t->temperature);
    }
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
find_parting(const known *below, const known *k)
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
    const known *k;
    size_t i;

    seen->map = gb_alloc_array(t->n_texts, sizeof *seen->map);
    for (i = 0; i < t->n_texts; i++) {
        k = &t->texts[i];
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
    seen->more = t->done && t->n_texts >= GB_TRIAL_TEXTS;
    seen->whole = t->done && !seen->more;
}

gb_seen_trial *
gb_trial_see(const gb_trial *t)
{
    gb_seen_trial *seen = gb_alloc(sizeof *seen);
    const gb_rerun *r = &t->rerun;
    known k = {.tokens = r->tokens, .text = r->text};
    uint64_t step;

    k.n = t->writing ? r->n_tokens : 0;
    find_interval(k.tokens, k.n, &k.from, &k.to);
    if (t->answer != SIZE_MAX)
        k = t->texts[t->answer];
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
