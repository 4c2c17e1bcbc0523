#include "session/look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "sample/gumbel.h"
#include "session/steer.h"

/* Where a token stands, and how it came about. */
static void
find_place(const gb_session *s, uint64_t number, gb_look *look)
{
    const gb_tree *t = s->tree;
    gb_stretch at;

    look->number = number;
    if (!gb_steer_at(s, look->number, &at)) {
        look->place = gb_tree_place(t);
        look->settings = t->settings;
        look->step = t->step;
        return;
    }
    look->token = &at.node->tokens[at.tokens];
    look->typed = look->token->source == GB_SOURCE_TYPED;
    look->settings = at.node->settings;
    look->place = gb_stretch_before(&at);
    look->step = at.node->step + (look->typed ? 0 : at.tokens);
}

bool
gb_look_view(gb_session *s, gb_place place, const gb_settings *settings,
             gb_ids *ids, gb_error *err)
{
    gb_path path = {0};
    bool ok = gb_tree_encode_pin(s->tree, settings->pin, ids, err);

    gb_tree_path(s->tree, place, &path);
    gb_path_view(&path, ids);
    gb_path_free(&path);
    if (ok && ids->len == 0)
        ok = gb_fail_usage(err, "the model sees nothing before this token");
    if (ok && ids->len > s->model->config.n_ctx)
        ok = gb_fail_usage(err, "the model's context is full here: it will "
                           "forget something first");
    return ok;
}

static double
log_sum(const float *logits, size_t n, double temperature)
{
    double max = -INFINITY, sum = 0;
    size_t i;

    for (i = 0; i < n; i++)
        max = fmax(max, (double)logits[i] / temperature);
    for (i = 0; i < n; i++)
        sum += exp((double)logits[i] / temperature - max);
    return max + log(sum);
}

static void
analyse(gb_look *look, size_t likeliest)
{
    const gb_settings *s = &look->settings;
    gb_candidates_of of = {
        .logits = look->logits,
        .raw = look->raw,
        .noise = look->noise,
        .n = look->n_vocab,
        .filter = s->filter,
        .temperature = s->greedy ? 0 : (double)s->temperature,
        .likeliest = likeliest,
        .id = look->token != NULL ? look->token->id : UINT32_MAX,
        .picked = look->token != NULL && !s->greedy &&
                  (look->token->source == GB_SOURCE_WRITTEN ||
                   look->token->source == GB_SOURCE_WHAT),
    };

    look->candidates = gb_candidates_find(&of);
}

/* Tokens that are looked at together. */
typedef struct group {
    gb_look *looks[GB_ROWS]; /* (n) */
    gb_ids views[GB_ROWS];   /* that the model saw */
    unsigned n;
} group;

/* False: the model sees nothing there. */
static bool
join(gb_session *s, uint64_t number, gb_look *look, group *g, gb_error *err)
{
    gb_ids *view = &g->views[g->n];

    *look = (gb_look){.n_vocab = s->model->config.n_vocab};
    *view = (gb_ids)GB_IDS_INIT;
    find_place(s, number, look);
    if (!gb_look_view(s, look->place, &look->settings, view, err)) {
        gb_ids_free(view);
        return false;
    }
    g->looks[g->n++] = look;
    return true;
}

/* What becomes of the model's logits there. */
static bool
adjust(gb_session *s, gb_look *look, const gb_ids *view, gb_error *err)
{
    const size_t size = look->n_vocab * sizeof *look->raw;
    const gb_adjustments *list;

    if (!gb_adjuster_find(&s->loop.adjuster, s->model, &look->settings,
                          view->data, view->len, &list, err))
        return false;
    look->logits = gb_alloc_array(look->n_vocab, sizeof *look->logits);
    look->noise = gb_alloc_array(look->n_vocab, sizeof *look->noise);
    memcpy(look->logits, look->raw, size);
    gb_adjust(list, look->logits);
    if (!look->typed)
        gb_gumbel_noise(look->settings.seed, look->step, look->noise,
                        look->n_vocab);
    return true;
}

/* Computes them by one pass. One whose settings cannot be goes without. */
static bool
look_at(gb_session *s, size_t likeliest, group *g, gb_error *err)
{
    const size_t n_vocab = s->model->config.n_vocab;
    float *raw = gb_alloc_array(g->n * n_vocab, sizeof *raw);
    gb_sequence texts[GB_ROWS];
    gb_look *look;
    unsigned i;
    bool ok;

    for (i = 0; i < g->n; i++)
        texts[i] = (gb_sequence){.ids = g->views[i].data,
                                 .n = (uint32_t)g->views[i].len};
    ok = gb_loop_look(&s->loop, texts, g->n, raw, err);
    s->synced = false;
    for (i = 0; i < g->n && ok; i++) {
        look = g->looks[i];
        look->raw = gb_alloc_array(n_vocab, sizeof *raw);
        memcpy(look->raw, raw + i * n_vocab, n_vocab * sizeof *raw);
        if (adjust(s, look, &g->views[i], err))
            analyse(look, likeliest);
        else
            ok = err != NULL && err->status == GB_USAGE;
    }
    free(raw);
    return ok;
}

static void
part(group *g)
{
    while (g->n > 0)
        gb_ids_free(&g->views[--g->n]);
}

bool
gb_look_tokens(gb_session *s, const uint64_t *numbers, unsigned n,
               size_t likeliest, gb_look *looks, gb_error *err)
{
    gb_error unseen = GB_ERROR_INIT;
    group g = {.n = 0};
    unsigned i;
    bool ok;

    for (i = 0; i < n; i++)
        join(s, numbers[i], &looks[i], &g, &unseen);
    ok = g.n == 0 || look_at(s, likeliest, &g, err);
    part(&g);
    return ok;
}

bool
gb_look_token(gb_session *s, uint64_t number, size_t likeliest, gb_look *look,
              gb_error *err)
{
    group g = {.n = 0};
    bool ok = join(s, number, look, &g, err) &&
              look_at(s, likeliest, &g, err) && look->logits != NULL;

    part(&g);
    return ok;
}

bool
gb_look_at(gb_session *s, size_t likeliest, gb_look *look, gb_error *err)
{
    return gb_look_token(s, gb_steer_cursor(s), likeliest, look, err);
}

void
gb_look_free(gb_look *look)
{
    free(look->raw);
    free(look->logits);
    free(look->noise);
    gb_candidates_free(&look->candidates);
    *look = (gb_look){.logits = NULL};
}

gb_why
gb_look_why(const gb_look *look, uint32_t id)
{
    double t = look->settings.greedy ? 1 : (double)look->settings.temperature;
    double z = log_sum(look->logits, look->n_vocab, t), p, entropy = 0;
    gb_why w = {.noise = look->noise[id], .from = NAN, .to = NAN};
    const gb_candidates *c = &look->candidates;
    size_t i;

    for (i = 0; i < look->n_vocab; i++) {
        p = (double)look->logits[i] / t - z;
        entropy -= exp(p) * fmax(p, -1000); /* not 0 times infinity */
        w.rank += look->raw[i] > -INFINITY &&
                  (look->logits[i] > look->logits[id] ||
                   (look->logits[i] == look->logits[id] && i < id));
    }
    w.logprob = (float)((double)look->logits[id] / t - z);
    w.entropy = (float)entropy;
    for (i = 0; i < c->n_bands; i++)
        if (c->bands[i].id == id) {
            w.from = (float)c->bands[i].from;
            w.to = (float)c->bands[i].to;
        }
    return w;
}

/* /why */

static void
put_temperature(double t, gb_str *out)
{
    if (isinf(t))
        gb_str_puts(out, "   inf");
    else
        gb_str_printf(out, "%6.3g", t);
}

static void
put_token_line(const gb_session *s, const gb_look *look, gb_str *out)
{
    static const char *const sources[] = {"typed", "written", "picked",
                                          "written after a what-if"};
    const gb_settings *set = &look->settings;
    gb_why w;

    if (look->token == NULL) {
        gb_str_puts(out, "the next token");
    } else {
        gb_str_printf(out, "token %llu ", (unsigned long long)look->number);
        gb_steer_quote(s, look->token->id, out);
        gb_str_printf(out, ", %s", sources[look->token->source]);
    }
    if (!look->typed)
        gb_str_printf(out, ", step %llu of seed %llu",
                      (unsigned long long)look->step,
                      (unsigned long long)look->settings.seed);
    gb_str_puts(out, set->greedy ? ", greedy" : ", T ");
    if (!set->greedy)
        gb_settings_get(set, "temperature", out);
    gb_str_putc(out, '\n');
    if (look->token == NULL)
        return;
    w = gb_look_why(look, look->token->id);
    gb_str_printf(out, "p %.3g, rank %u, surprise %.2f bits, entropy %.2f "
                  "bits", exp((double)w.logprob), w.rank,
                  -(double)w.logprob / log(2), (double)w.entropy / log(2));
    if (!look->typed)
        gb_str_printf(out, ", noise %.2f", (double)w.noise);
    gb_str_putc(out, '\n');
}

static void
put_spectrum(const gb_session *s, const gb_look *look, gb_str *out)
{
    const gb_candidates *c = &look->candidates;
    const gb_band *b;
    double t = (double)look->settings.temperature;

    if (look->typed)
        return;
    gb_str_puts(out, "which token wins at which temperature\n");
    for (b = c->bands; b < c->bands + c->n_bands; b++) {
        gb_str_puts(out, !look->settings.greedy && b->from <= t && t < b->to
                             ? " * " : "   ");
        put_temperature(b->from, out);
        gb_str_puts(out, " - ");
        put_temperature(b->to, out);
        gb_str_puts(out, "  ");
        gb_steer_quote(s, b->id, out);
        gb_str_putc(out, '\n');
    }
}

static void
put_candidates(const gb_session *s, const gb_look *look, gb_str *out)
{
    const gb_candidates *all = &look->candidates;
    const gb_candidate *c;
    size_t i;

    gb_str_puts(out, "rank   p at T=1  p         noise   token\n");
    for (i = 0; i < all->n; i++) {
        c = &all->items[i];
        gb_str_printf(out, "%-6u %-9.3g %-9.3g %-7.2f ", c->rank,
                      exp((double)c->raw_logprob),
                      exp((double)c->final_logprob), (double)c->noise);
        gb_steer_quote(s, c->id, out);
        if (c->cut != GB_CUT_NONE)
            gb_str_printf(out, "  cut by %s", gb_cut_name(c->cut));
        gb_str_putc(out, '\n');
    }
    gb_str_printf(out, "the rest: %zu tokens, p %.3g at T=1, %.3g\n",
                  all->rest, all->rest_raw, all->rest_final);
}

#define GB_WHY_LIKELIEST 10

bool
gb_verb_why(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    uint64_t n = GB_WHY_LIKELIEST;
    gb_look look;
    bool ok;

    if (arg[0] != '\0' && (!gb_parse_u64(arg, &n) || n == 0 || n > 10000))
        return gb_fail_usage(err, "expected how many candidates to list, "
                             "found %s", arg);
    ok = gb_look_at(s, (size_t)n, &look, err);
    if (ok) {
        put_token_line(s, &look, out);
        put_spectrum(s, &look, out);
        put_candidates(s, &look, out);
    }
    gb_look_free(&look);
    return ok;
}

/* /pick */

/* The ids that are meant: a rank, or a text in quotes. */
static bool
parse_pick(gb_session *s, const gb_look *look, const char *arg, gb_ids *ids,
           gb_error *err)
{
    const gb_candidates *c = &look->candidates;
    const size_t all = c->n + c->rest;
    size_t n = strlen(arg), i;
    uint64_t rank;

    if (n >= 3 && arg[0] == '"' && arg[n - 1] == '"')
        return gb_tokenizer_encode(s->model->tokenizer, arg + 1, n - 2, false,
                                   ids, err);
    if (!gb_parse_u64(arg, &rank) || (rank >= all && all > 0))
        return gb_fail_usage(err, "expected a rank from 0, the likeliest, to "
                             "%zu, or a text in quotes, found %s", all - 1,
                             arg);
    for (i = 0; i < c->n; i++)
        if (c->items[i].rank == rank)
            gb_ids_push(ids, c->items[i].id);
    return true;
}

bool
gb_verb_pick(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_PICK, .placed = true,
                  .why = GB_WHY_UNKNOWN};
    gb_ids ids = GB_IDS_INIT;
    uint64_t rank = 0;
    gb_look look;
    bool ok;

    gb_parse_u64(arg, &rank);
    if (rank >= s->model->config.n_vocab)
        rank = 0;
    ok = gb_look_at(s, (size_t)rank + 1, &look, err) &&
         parse_pick(s, &look, arg, &ids, err);
    if (ok && look.typed)
        ok = gb_fail_usage(err, "the token at the cursor is yours: /edit or "
                           "/what changes it");
    if (ok && look.token != NULL && ids.len == 1 &&
        ids.data[0] == look.token->id) {
        gb_str_puts(out, "that token stands there already");
    } else if (ok) {
        e.place = look.place;
        e.ids = ids.data;
        e.n_ids = ids.len;
        if (ids.len == 1)
            e.why = gb_look_why(&look, ids.data[0]);
        s->has_cursor = false;
        ok = gb_session_do(s, &e, 0, err);
    }
    gb_look_free(&look);
    gb_ids_free(&ids);
    return ok;
}
