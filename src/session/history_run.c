/* Acts, which undo takes back, and runs of the model. */
#include "session/history_state.h"

#include <stdlib.h>

#include "base/mem.h"

void
gb_history_begin_act(gb_history *h, gb_event_type type)
{
    if (h->n_acts == h->acts_capacity) {
        h->acts_capacity = h->acts_capacity > 0 ? h->acts_capacity * 2 : 16;
        h->acts = gb_realloc_array(h->acts, h->acts_capacity,
                                   sizeof *h->acts);
    }
    h->acts[h->n_acts++] = (gb_act){
        .type = type,
        .before = h->tip,
        .seed_before = h->settings.seed,
        .step_before = h->step,
        .run = GB_NO_RUN,
    };
    h->n_redos = 0;
}

/* The bytes of the tokens that end the model's text so far, as far as the
 * stream may still hold some of them back. */
static void
held_bytes(const gb_history *h, gb_str *out)
{
    const gb_node *n, *list[GB_HELD_TOKENS];
    size_t count = 0, tokens = 0, i, j, size;
    const gb_ids *ids;
    const char *bytes;

    /* Past the marks, which the model does not see. */
    for (n = gb_node_seen(h->tip); n != NULL && count < GB_HELD_TOKENS;
         n = n->below) {
        ids = &n->segment.ids;
        if (n->segment.role != GB_ROLE_MODEL || n->hidden ||
            ids->len == 0 || ids->data[ids->len - 1] == h->eos_id ||
            tokens >= GB_HELD_TOKENS)
            break;
        list[count++] = n;
        tokens += ids->len;
    }
    while (count-- > 0) {
        ids = &list[count]->segment.ids;
        i = ids->len > GB_HELD_TOKENS ? ids->len - GB_HELD_TOKENS : 0;
        for (j = i; j < ids->len; j++) {
            bytes = gb_tokenizer_bytes(h->tokenizer, ids->data[j], &size);
            gb_str_append(out, bytes, size);
        }
    }
}

/* The stream goes on where it was, so that a character or a stop string may
 * lie across a stop of the model. */
static void
begin_stream(gb_history *h)
{
    gb_str held = GB_STR_INIT, shown = GB_STR_INIT;
    const char *const *stops;
    size_t n;

    stops = gb_history_stops(h->mode, &n);
    gb_stream_free(h->stream);
    h->stream = gb_stream_new(stops, n);
    held_bytes(h, &held);
    if (gb_stream_push(h->stream, gb_str_cstr(&held), held.len, &shown)) {
        gb_stream_free(h->stream);
        h->stream = gb_stream_new(stops, n);
    }
    gb_str_free(&held);
    gb_str_free(&shown);
}

/* Adds a run from `base` to the current act. */
void
gb_history_begin_run(gb_history *h, gb_node *base)
{
    if (h->n_runs == h->runs_capacity) {
        h->runs_capacity = h->runs_capacity > 0 ? h->runs_capacity * 2 : 16;
        h->runs = gb_realloc_array(h->runs, h->runs_capacity,
                                   sizeof *h->runs);
    }
    h->runs[h->n_runs] = (gb_run_state){
        .base = base,
        .settings = h->settings,
        .mode = h->mode,
        .step = h->step,
    };
    h->acts[h->n_acts - 1].run = h->n_runs++;
    h->writing = true;
    h->cut = h->stop_hit = false;
    begin_stream(h);
}
