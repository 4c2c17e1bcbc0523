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

/* How far beyond the lowest temperature texts are followed. */
#define AHEAD (4 * GB_ROWS)

/* A text that is told, or still followed, between two temperatures. */
typedef struct branch {
    double from, to;
    gb_ids view; /* the prompt, and what was generated */
    gb_stream *stream;
    gb_str text;
    const char *reason; /* NULL: it has not ended */
} branch;

typedef struct branches {
    branch *data; /* (n) */
    size_t n, room;
} branches;

struct gb_sweep {
    gb_sweep_of of;
    uint32_t n_vocab, n_ctx;
    const char *stops[GB_CHAT_STOPS];
    size_t n_stops;
    gb_spectrum *spectrum;
    gb_adjuster adjuster;
    float *logits; /* (GB_ROWS, vocabulary) */
    float **noise; /* (n_noise) vectors of the first steps, NULL: not yet */
    size_t n_noise;
    float *spare;  /* of the steps after them */
    branches texts; /* in descending order of temperature */
    uint64_t forwards;
};

static size_t
depth_of(const gb_sweep *s, const branch *b)
{
    return b->view.len - s->of.n_prompt;
}

static void
free_branch(branch *b)
{
    gb_ids_free(&b->view);
    gb_stream_free(b->stream);
    gb_str_free(&b->text);
}

static void
push_branch(branches *list, const branch *b)
{
    if (list->n == list->room) {
        list->room = 2 * list->room + 16;
        list->data = gb_realloc_array(list->data, list->room,
                                      sizeof *list->data);
    }
    list->data[list->n++] = *b;
}

static void
drop_branches(branches *list)
{
    while (list->n > 0)
        free_branch(&list->data[--list->n]);
}

/* True when a stop string is complete. */
static bool
push_bytes(const gb_sweep *s, branch *b, gb_token id)
{
    const gb_model *m = gb_engine_model(s->of.engine);

    return gb_stream_push_token(b->stream, m->tokenizer,
                                s->of.settings.ignore_eos ? NULL
                                                          : &m->config.ends,
                                id, &b->text);
}

/* A text with these tokens behind the prompt; none of them ends it. */
static branch
begin(const gb_sweep *s, const gb_token *ids, size_t n)
{
    branch b = {.stream = gb_stream_new(s->stops, s->n_stops)};
    size_t i;

    gb_ids_append(&b.view, s->of.prompt, s->of.n_prompt);
    gb_stream_push(b.stream, s->of.tail, s->of.n_tail, &b.text);
    gb_ids_append(&b.view, ids, n);
    for (i = 0; i < n; i++)
        push_bytes(s, &b, ids[i]);
    return b;
}

/* Goes on by a token, which may be the last one. */
static void
go_on(const gb_sweep *s, branch *b, gb_token id)
{
    gb_reason end;

    gb_ids_push(&b->view, id);
    end = gb_loop_end(s->of.engine, s->of.settings.ignore_eos, id,
                      push_bytes(s, b, id), depth_of(s, b),
                      s->of.settings.max_new_tokens);
    if (end != GB_REASON_NONE)
        b->reason = gb_reason_name(end);
    else if (b->view.len > s->n_ctx)
        b->reason = "context";
}

gb_sweep *
gb_sweep_open(const gb_sweep_of *of)
{
    const gb_config *c = &gb_engine_model(of->engine)->config;
    gb_sweep *s = gb_alloc(sizeof *s);
    branch all;

    s->of = *of;
    s->n_stops = gb_chat_stops(of->mode, &of->settings, s->stops);
    s->n_vocab = c->n_vocab;
    s->n_ctx = c->n_ctx;
    s->spectrum = gb_spectrum_new();
    s->logits = gb_alloc_array((size_t)GB_ROWS * c->n_vocab,
                               sizeof *s->logits);
    s->spare = gb_alloc_array(c->n_vocab, sizeof *s->spare);
    s->n_noise = NOISE_LIMIT / (c->n_vocab * sizeof **s->noise);
    if (s->n_noise > of->settings.max_new_tokens)
        s->n_noise = of->settings.max_new_tokens;
    s->noise = gb_alloc_array(s->n_noise, sizeof *s->noise);
    all = begin(s, NULL, 0);
    all.from = of->from;
    all.to = of->to;
    push_branch(&s->texts, &all);
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
    drop_branches(&s->texts);
    free(s->texts.data);
    free(s->noise);
    free(s->spare);
    free(s->logits);
    gb_spectrum_free(s->spectrum);
    gb_adjuster_free(&s->adjuster);
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

/* Splits the temperatures of a text among the tokens that come next, and
 * appends what becomes of it, of the highest temperature first. On success
 * the text is taken: it is the one of the lowest. */
static bool
split(gb_sweep *s, const branch *b, float *logits, branches *out,
      gb_error *err)
{
    const gb_adjustments *adjust = NULL;
    const size_t depth = depth_of(s, b);
    const gb_band *band;
    branch next;
    size_t n;

    if (!gb_adjuster_find(&s->adjuster, gb_engine_model(s->of.engine),
                          &s->of.settings, b->view.data, b->view.len,
                          &adjust, err))
        return false;
    gb_adjust(adjust, logits);
    gb_spectrum_set(s->spectrum, logits, noise_of(s, depth), s->n_vocab,
                    &s->of.settings.filter);
    n = gb_spectrum_bands(s->spectrum, b->from, b->to, &band);
    if (n == 0)
        return gb_fail(err, "the model's output is not a number");
    while (n-- > 0) {
        next = n > 0 ? begin(s, b->view.data + s->of.n_prompt, depth) : *b;
        next.from = band[n].from;
        next.to = band[n].to;
        go_on(s, &next, band[n].id);
        push_branch(out, &next);
    }
    return true;
}

/* Finds which texts go on by a token in the next pass, of the lowest
 * temperature first: at (GB_ROWS) are their places in the list. */
static unsigned
choose(const gb_sweep *s, gb_sequence *rows, size_t *at)
{
    const branches *list = &s->texts;
    size_t least = list->n > AHEAD ? list->n - AHEAD : 0, i;
    unsigned n = 0;

    for (i = list->n; i-- > least && n < GB_ROWS;)
        if (list->data[i].reason == NULL) {
            rows[n] = (gb_sequence){.ids = list->data[i].view.data,
                                    .n = (uint32_t)list->data[i].view.len};
            at[n++] = i;
        }
    return n;
}

/* One more token for some of the texts. */
static bool
follow(gb_sweep *s, gb_error *err)
{
    gb_sequence rows[GB_ROWS];
    branches next = {NULL};
    size_t at[GB_ROWS], i;
    unsigned n = choose(s, rows, at);
    bool ok = true;

    if (s->of.cancel != NULL && atomic_load(s->of.cancel))
        return gb_fail_interrupted(err);
    if (!gb_engine_logit_rows(s->of.engine, rows, n, s->logits, err))
        return false;
    s->forwards += n;
    for (i = 0; i < s->texts.n; i++) {
        if (!ok || n == 0 || at[n - 1] != i) {
            push_branch(&next, &s->texts.data[i]);
            continue;
        }
        n--;
        ok = split(s, &s->texts.data[i], s->logits + (size_t)n * s->n_vocab,
                   &next, err);
        if (!ok)
            push_branch(&next, &s->texts.data[i]);
    }
    free(s->texts.data);
    s->texts = next;
    return ok;
}

static void
tell(gb_sweep *s, branch *b, gb_sweep_text *text)
{
    gb_stream_end(b->stream, &b->text);
    *text = (gb_sweep_text){.from = b->from, .to = b->to,
                            .reason = b->reason};
    gb_ids_append(&text->ids, b->view.data + s->of.n_prompt, depth_of(s, b));
    gb_str_append(&text->text, gb_str_cstr(&b->text), b->text.len);
    free_branch(b);
}

bool
gb_sweep_next(gb_sweep *s, gb_sweep_text *text, gb_error *err)
{
    branches *list = &s->texts;

    while (list->n > 0 && list->data[list->n - 1].reason == NULL) {
        if (!follow(s, err)) {
            drop_branches(list);
            return false;
        }
        if (s->of.progress != NULL)
            s->of.progress(s->of.progress_arg, s,
                           list->data[list->n - 1].from);
    }
    if (list->n == 0)
        return false;
    tell(s, &list->data[--list->n], text);
    return true;
}
