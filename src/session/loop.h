/* The generation loop's single step, shared by `generate`, the interface and
 * replay: pick the next token with the head that the settings ask for. */
#ifndef GB_SESSION_LOOP_H
#define GB_SESSION_LOOP_H

#include "engine/engine.h"
#include "session/adjuster.h"
#include "session/draft.h"
#include "session/event.h"
#include "session/settings.h"
#include "session/tree.h"

/* What is known of a token that was picked. */
gb_why gb_why_of(const gb_pick *pick);

/* Why a text ends with this token; GB_REASON_NONE: it goes on. `stopped`: a
 * stop string has come; `tokens`: written with this one, `limit`: at most. */
gb_reason gb_loop_end(const gb_engine *engine, bool ignore_eos, gb_token id,
                      bool stopped, uint64_t tokens, uint64_t limit);

/* Whether what an engine computes depends on how much it reads at once, as it
 * does with CLBlast. */
bool gb_loop_counts_reads(const gb_engine *engine);

/* How many of these tokens, from the first on, an engine has read. */
size_t gb_loop_count_read(const gb_engine *engine, const gb_token *ids,
                          size_t n);

/* One branch of a text: the tokens the model sees, and how far the engine
 * has read them. */
typedef struct gb_loop {
    gb_engine *engine;
    gb_ids ids;    /* the model's view, oldest first */
    uint64_t step; /* tokens generated since the seed was set */
    size_t kept;   /* of what was read before it was lent; SIZE_MAX: it was
                      not */
    gb_adjuster adjuster;
    const gb_adjustments *adjust; /* of the last token; NULL: none, or there is
                                     a draft */
    gb_draft *draft; /* not its own; NULL: every token by a pass of its own */
    gb_picked *picked; /* with it */
    bool rests;      /* no new drafts: the next token is not waited for */
    uint64_t left;   /* tokens that are wanted at most; 0: not known */
} gb_loop;

void gb_loop_init(gb_loop *l, gb_engine *engine);
void gb_loop_free(gb_loop *l);

/* Whoever guesses from now on, with the loop's engine; NULL: nobody, as at
 * first. Before the one until now is closed. */
void gb_loop_set_draft(gb_loop *l, gb_draft *draft);

/* Appends tokens that the model shall read (a prompt). */
void gb_loop_append(gb_loop *l, const gb_token *ids, size_t n);
/* Cuts the view back to its first n tokens. Does not touch step. */
void gb_loop_truncate(gb_loop *l, size_t n);
/* Replaces the view by another; the common beginning is not read again. */
void gb_loop_replace(gb_loop *l, const gb_token *ids, size_t n);
/* The view and the step of a tree, before a step; with `known` the view is
 * this one already. */
void gb_loop_follow(gb_loop *l, gb_tree *t, bool known);

/* The logits (n, n_vocab) f32 of what follows 1 <= n <= GB_ROWS texts. Where it
 * counts how much is read at once, what has not been read of the last becomes
 * the loop's view. */
bool gb_loop_look(gb_loop *l, const gb_sequence *texts, unsigned n,
                  float *logits, gb_error *err);
/* Before somebody else feeds these tokens to the engine, and others behind
 * them; and afterwards: what it does not share with the view is read again.
 * Where it counts how much is read at once, gb_loop_follow forgets what was
 * read for others, and for looks: the text goes on as if nobody had looked. */
void gb_loop_lend(gb_loop *l, const gb_token *ids, size_t n);
void gb_loop_rejoin(gb_loop *l);

/* True when no further token can be picked: the view is longer than the
 * context. */
bool gb_loop_is_full(const gb_loop *l);

/* Reads what the engine has not read yet, picks the next token with noise
 * seed + step and what bias and penalties make of this view, appends it and
 * counts the step. The view must not be empty or full. On failure or
 * cancellation ids and step are unchanged. With a draft the engine may have
 * read on, and the next tokens may be known: they come one by one all the
 * same, and only as long as nothing that they depend on has changed. */
bool gb_loop_step(gb_loop *l, const gb_settings *settings, gb_pick *pick,
                  gb_error *err);

/* The same, and the temperatures between which it is this token. */
bool gb_loop_write(gb_loop *l, const gb_settings *settings, gb_pick *pick,
                   gb_error *err);

#endif
