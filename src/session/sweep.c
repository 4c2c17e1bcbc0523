#include "session/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sample/gumbel.h"
#include "sample/spectrum.h"
#include "session/adjuster.h"
#include "session/chat.h"
#include "session/loop.h"
#include "session/stream.h"

/* Bytes of noise that are kept: texts that part have the same noise. */
#define NOISE_LIMIT ((size_t)64 << 20)

/* A text that is still to be followed: after so many tokens comes this one. */
typedef struct branch {
    double from, to;
    uint32_t depth;
    gb_token id;
} branch;

struct gb_sweep {
    gb_sweep_of of;
    uint32_t n_vocab, n_ctx;
    const char *stops[GB_CHAT_STOPS];
    size_t n_stops;
    gb_spectrum *spectrum;
    gb_adjuster adjuster;
    float *logits;
    float **noise; /* (n_noise) vectors of the first steps, NULL: not yet */
    size_t n_noise;
    float *spare;  /* of the steps after them */
    branch *branches; /* the next one is the last */
    size_t n_branches, room;
    bool begun;
    /* The text that is followed: */
    gb_ids view; /* the prompt and path */
    gb_stream *stream;
    gb_str text;
    const char *reason; /* NULL: it has not ended */
    uint64_t forwards;
};

gb_sweep *
gb_sweep_open(const gb_sweep_of *of)
{
    const gb_config *c = &gb_engine_model(of->engine)->config;
    gb_sweep *s = gb_alloc(sizeof *s);

    s->of = *of;
    s->n_stops = gb_chat_stops(of->mode, &of->settings, s->stops);
    s->n_vocab = c->n_vocab;
    s->n_ctx = c->n_ctx;
    s->spectrum = gb_spectrum_new();
    s->logits = gb_alloc_array(c->n_vocab, sizeof *s->logits);
    s->spare = gb_alloc_array(c->n_vocab, sizeof *s->spare);
    s->n_noise = NOISE_LIMIT / (c->n_vocab * sizeof **s->noise);
    if (s->n_noise > of->settings.max_new_tokens)
        s->n_noise = of->settings.max_new_tokens;
    s->noise = gb_alloc_array(s->n_noise, sizeof *s->noise);
    gb_ids_append(&s->view, of->prompt, of->n_prompt);
    return s;
}

void
gb_sweep_close(gb_sweep *s)
{
    size_t i;

    if (s == NULL)
        return;
    for (i = 0; i < s->n_noise; i++)
        free(s->noise[i]);
    free(s->noise);
    free(s->spare);
    free(s->logits);
    gb_spectrum_free(s->spectrum);
    gb_adjuster_free(&s->adjuster);
    free(s->branches);
    gb_ids_free(&s->view);
    gb_stream_free(s->stream);
    gb_str_free(&s->text);
    free(s);
}

void
gb_sweep_text_free(gb_sweep_text *text)
{
    gb_ids_free(&text->ids);
    gb_str_free(&text->text);
}

uint64_t
gb_sweep_forwards(const gb_sweep *s)
{
    return s->forwards;
}

static size_t
depth_of(const gb_sweep *s)
{
    return s->view.len - s->of.n_prompt;
}

static void
push_branch(gb_sweep *s, branch b)
{
    if (s->n_branches == s->room) {
        s->room = 2 * s->room + 16;
        s->branches = gb_realloc_array(s->branches, s->room,
                                       sizeof *s->branches);
    }
    s->branches[s->n_branches++] = b;
}

/* True when a stop string is complete. */
static bool
push_bytes(gb_sweep *s, gb_token id)
{
    const gb_model *m = gb_engine_model(s->of.engine);

    return gb_stream_push_token(s->stream, m->tokenizer,
                                s->of.settings.ignore_eos ? NULL
                                                          : &m->config.ends,
                                id, &s->text);
}

/* The text as it was after so many tokens; none of them has ended it. */
static void
go_back(gb_sweep *s, size_t depth)
{
    size_t i;

    gb_stream_free(s->stream);
    gb_str_clear(&s->text);
    s->view.len = s->of.n_prompt + depth;
    s->stream = gb_stream_new(s->stops, s->n_stops);
    gb_stream_push(s->stream, s->of.tail, s->of.n_tail, &s->text);
    for (i = 0; i < depth; i++)
        push_bytes(s, s->view.data[s->of.n_prompt + i]);
}

/* Goes on by a token, which may be the last one. */
static void
go_on(gb_sweep *s, gb_token id)
{
    gb_reason end;

    gb_ids_push(&s->view, id);
    end = gb_loop_end(s->of.engine, s->of.settings.ignore_eos, id,
                      push_bytes(s, id), depth_of(s),
                      s->of.settings.max_new_tokens);
    if (end != GB_REASON_NONE)
        s->reason = gb_reason_name(end);
    else if (s->view.len > s->n_ctx)
        s->reason = "context";
}

/* Feeds what the engine has not read of the view. */
static bool
read_on(gb_sweep *s, gb_error *err)
{
    gb_engine *e = s->of.engine;
    uint32_t same, n = (uint32_t)s->view.len;
    uint64_t before = gb_engine_computed(e);

    if (s->of.cancel != NULL && atomic_load(s->of.cancel))
        return gb_fail_interrupted(err);
    if (!gb_loop_counts_reads(e)) {
        if (!gb_engine_read(e, s->view.data, n, err))
            return false;
        s->forwards += gb_engine_computed(e) > before;
        return true;
    }
    same = (uint32_t)gb_loop_count_read(e, s->view.data, n);
    gb_engine_rewind(e, same);
    if (same == n)
        return true;
    if (!gb_engine_feed(e, s->view.data + same, n - same, err))
        return false;
    s->forwards++;
    return true;
}

static const float *
noise_of(gb_sweep *s, size_t depth)
{
    float *noise = s->spare;
    bool known = false;

    if (depth < s->n_noise) {
        known = s->noise[depth] != NULL;
        if (!known)
            s->noise[depth] = gb_alloc_array(s->n_vocab, sizeof *noise);
        noise = s->noise[depth];
    }
    if (!known)
        gb_gumbel_noise(s->of.settings.seed, s->of.step + depth, noise,
                        s->n_vocab);
    return noise;
}

/* The logits of what follows the view, with what the text makes of them. */
static bool
find_logits(gb_sweep *s, gb_error *err)
{
    const gb_adjustments *adjust = NULL;

    if (!read_on(s, err) ||
        !gb_engine_logits(s->of.engine, (uint32_t)s->view.len - 1, s->logits,
                          err) ||
        !gb_adjuster_find(&s->adjuster, gb_engine_model(s->of.engine),
                          &s->of.settings, s->view.data, s->view.len,
                          &adjust, err))
        return false;
    gb_adjust(adjust, s->logits);
    return true;
}

/* Splits the temperatures of the text among the tokens that come next. The
 * one of the lowest is followed, the others are left for later. */
static bool
split(gb_sweep *s, branch *b, gb_error *err)
{
    const size_t depth = depth_of(s);
    const gb_band *band;
    size_t n;

    if (!find_logits(s, err))
        return false;
    gb_spectrum_set(s->spectrum, s->logits, noise_of(s, depth), s->n_vocab,
                    &s->of.settings.filter);
    n = gb_spectrum_bands(s->spectrum, b->from, b->to, &band);
    if (n == 0)
        return gb_fail(err, "the model's output is not a number");
    while (n-- > 1)
        push_branch(s, (branch){band[n].from, band[n].to, (uint32_t)depth,
                                band[n].id});
    *b = (branch){band->from, band->to, (uint32_t)depth, band->id};
    if (s->of.progress != NULL)
        s->of.progress(s->of.progress_arg, s, b->from);
    return true;
}

static void
tell(gb_sweep *s, const branch *b, gb_sweep_text *text)
{
    gb_stream_end(s->stream, &s->text);
    *text = (gb_sweep_text){.from = b->from, .to = b->to,
                            .reason = s->reason};
    gb_ids_append(&text->ids, s->view.data + s->of.n_prompt, depth_of(s));
    gb_str_append(&text->text, gb_str_cstr(&s->text), s->text.len);
    s->reason = NULL;
}

static bool
follow(gb_sweep *s, branch *b, gb_error *err)
{
    bool first = !s->begun;

    s->begun = true;
    go_back(s, b->depth);
    if (first && !split(s, b, err))
        return false;
    for (;;) {
        go_on(s, b->id);
        if (s->reason != NULL)
            return true;
        if (!split(s, b, err))
            return false;
    }
}

bool
gb_sweep_next(gb_sweep *s, gb_sweep_text *text, gb_error *err)
{
    branch b = {s->of.from, s->of.to, 0, 0};

    if (s->begun && s->n_branches == 0)
        return false;
    if (s->begun)
        b = s->branches[--s->n_branches];
    if (!follow(s, &b, err)) {
        s->n_branches = 0;
        return false;
    }
    tell(s, &b, text);
    return true;
}
