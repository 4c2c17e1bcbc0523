/* A look as plain data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/look.h"
#include "session/seen.h"
#include "session/steer.h"

gb_seen_token
gb_seen_token_of(const gb_tokenizer *tokenizer, gb_token id)
{
    gb_seen_token t = {.id = id};
    const char *bytes = gb_tokenizer_bytes(tokenizer, id, &t.n);

    t.text = gb_alloc(t.n + 1);
    if (t.n > 0)
        memcpy(t.text, bytes, t.n);
    return t;
}

/* The likeliest; of equal ones the first, as the greedy head takes it. */
static gb_token
likeliest(const gb_look *look)
{
    size_t best = 0, i;

    for (i = 1; i < look->n_vocab; i++)
        if (look->logits[i] > look->logits[best])
            best = i;
    return (gb_token)best;
}

/* The token that the settings choose. */
static gb_token
chosen(const gb_look *look)
{
    const double t = (double)look->settings.temperature;
    const gb_candidates *c = &look->candidates;
    size_t i;

    for (i = 0; i < c->n_bands && !look->settings.greedy; i++)
        if (c->bands[i].from <= t && t < c->bands[i].to)
            return c->bands[i].id;
    return likeliest(look);
}

static void
copy_bands(gb_seen *seen, const gb_look *look, const gb_tokenizer *tokenizer)
{
    const gb_candidates *c = &look->candidates;
    const gb_band *b;
    size_t i;

    seen->bands = gb_alloc_array(c->n_bands, sizeof *seen->bands);
    seen->n_bands = c->n_bands;
    for (i = 0; i < c->n_bands; i++) {
        b = &c->bands[i];
        seen->bands[i] = (gb_seen_band){
            b->from, b->to, gb_seen_token_of(tokenizer, b->id),
        };
    }
}

static void
copy_candidates(gb_seen *seen, const gb_look *look,
                const gb_tokenizer *tokenizer)
{
    const gb_candidates *c = &look->candidates;
    size_t i;

    seen->candidates = gb_alloc_array(c->n, sizeof *seen->candidates);
    seen->n_candidates = c->n;
    seen->rest = c->rest;
    seen->rest_raw = c->rest_raw;
    seen->rest_final = c->rest_final;
    for (i = 0; i < c->n; i++)
        seen->candidates[i] = (gb_seen_candidate){
            c->items[i], gb_seen_token_of(tokenizer, c->items[i].id),
        };
}

gb_seen *
gb_seen_look(struct gb_session *s, uint64_t number, size_t n, gb_error *err)
{
    const gb_tokenizer *tokenizer = s->model->tokenizer;
    gb_seen *seen = NULL;
    gb_stretch at;
    gb_look look;
    gb_token id;

    if (gb_look_token(s, number, n, &look, err)) {
        id = look.token != NULL ? look.token->id : chosen(&look);
        seen = gb_alloc(sizeof *seen);
        *seen = (gb_seen){
            .number = number,
            .place = look.place,
            .next = look.token == NULL,
            .source = look.token != NULL ? look.token->source
                                         : GB_SOURCE_WRITTEN,
            .settings = look.settings,
            .step = look.step,
            .token = gb_seen_token_of(tokenizer, id),
            .why = gb_look_why(&look, id),
        };
        if (gb_steer_at(s, number, &at))
            seen->place = (gb_place){at.node->id, at.tokens};
        if (look.typed)
            seen->why.noise = seen->why.from = seen->why.to = NAN;
        else
            copy_bands(seen, &look, tokenizer);
        copy_candidates(seen, &look, tokenizer);
    }
    gb_look_free(&look);
    return seen;
}
