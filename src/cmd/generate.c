/* gumbel generate: go on from a prompt. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/generation.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "sample/rng.h"
#include "session/pace.h"
#include "session/several.h"
#include "session/stream.h"

/* A text that is written. */
typedef struct take {
    gb_generation g;
    gb_loop loop;
    gb_stream *stream;
    bool ended;
} take;

/* What the loop below works with. */
typedef struct writer {
    const gb_options *options;
    const gb_printer *format;
    gb_opened opened;
    gb_str prompt;
    gb_ids prompt_ids;
    take *takes; /* (n) */
    size_t n;
    gb_loop **loops; /* of those that go on, with their seeds and what */
    uint64_t *seeds; /* follows; room for all */
    gb_pick *picks;
    bool started; /* the format's start was called */
    gb_pace pace;
} writer;

/* Calls the format's start before its first other call. Until then the
 * progress line may be on the screen. */
static bool
start(writer *w, gb_error *err)
{
    if (w->started)
        return true;
    w->started = true;
    gb_opened_quiet(&w->opened);
    return w->format->start(&w->takes[0].g, err);
}

static bool
finish(writer *w, take *t, const char *reason, gb_error *err)
{
    size_t shown = t->g.text.len;

    t->ended = true;
    gb_stream_end(t->stream, &t->g.text);
    return start(w, err) &&
           w->format->end(&t->g, reason, gb_str_cstr(&t->g.text) + shown,
                          t->g.text.len - shown, err);
}

static bool
finish_all(writer *w, const char *reason, gb_error *err)
{
    bool ok = true;
    size_t i;

    for (i = 0; i < w->n && ok; i++)
        ok = w->takes[i].ended || finish(w, &w->takes[i], reason, err);
    return ok;
}

/* Ends those that have no room for a further token. Returns how many go
 * on. */
static size_t
gather(writer *w, bool *ok, gb_error *err)
{
    size_t i, n = 0;
    take *t;

    *ok = true;
    for (i = 0; i < w->n && *ok; i++) {
        t = &w->takes[i];
        if (!t->ended && gb_loop_is_full(&t->loop))
            *ok = finish(w, t, "context", err);
        if (t->ended)
            continue;
        w->loops[n] = &t->loop;
        w->seeds[n++] = t->g.seed;
    }
    return n;
}

/* Picks a token of each of n that go on. */
static bool
pick_tokens(writer *w, size_t n, gb_error *err)
{
    const gb_settings *s = &w->options->settings;
    const bool rests = gb_pace_holds(&w->pace);
    size_t i;

    for (i = 0; i < w->n; i++) {
        w->takes[i].loop.left = s->max_new_tokens - w->takes[i].g.steps;
        w->takes[i].loop.rests = rests;
    }
    if (w->n == 1)
        return gb_loop_step(w->loops[0], s, w->picks, err);
    return gb_several_step(w->loops, w->seeds, NULL, n, s, false, w->picks,
                           err);
}

/* Hands on the token, and ends the text when it is the last one. */
static bool
take_token(writer *w, take *t, const gb_pick *pick, double ms, gb_error *err)
{
    const gb_model *m = w->opened.model;
    const gb_settings *s = &w->options->settings;
    size_t n, shown = t->g.text.len;
    bool stopped = false;
    const char *bytes;
    gb_reason end;

    *(t->g.steps == 0 ? &t->g.prefill_ms : &t->g.decode_ms) += ms;
    t->g.adjust = t->loop.adjust;
    if (!gb_ends_has(&m->config.ends, pick->id) || s->ignore_eos) {
        bytes = gb_tokenizer_bytes(m->tokenizer, pick->id, &n);
        gb_str_append(&t->g.raw, bytes, n);
        stopped = gb_stream_push(t->stream, bytes, n, &t->g.text);
    }
    end = gb_loop_end(w->opened.engine, s->ignore_eos, pick->id, stopped,
                      ++t->g.steps, s->max_new_tokens);
    return start(w, err) &&
           w->format->token(&t->g, pick, gb_str_cstr(&t->g.text) + shown,
                            t->g.text.len - shown, err) &&
           (end == GB_REASON_NONE ||
            finish(w, t, gb_reason_name(end), err));
}

static bool
take_tokens(writer *w, double ms, gb_error *err)
{
    const gb_pick *pick = w->picks;
    bool ok = true;
    size_t i;

    for (i = 0; i < w->n && ok; i++)
        if (!w->takes[i].ended)
            ok = take_token(w, &w->takes[i], pick++, ms, err);
    return ok;
}

static bool
write_on(writer *w, gb_error *err)
{
    gb_error stopped = GB_ERROR_INIT;
    double before;
    size_t n;
    bool ok;

    gb_pace_begin(&w->pace, gb_now_ms());
    while ((n = gather(w, &ok, err)) > 0 && ok) {
        gb_wait_until(gb_pace_due(&w->pace), gb_interrupt_flag());
        before = gb_now_ms();
        if (atomic_load(gb_interrupt_flag()))
            gb_fail_interrupted(&stopped);
        else if (pick_tokens(w, n, &stopped)) {
            gb_pace_count(&w->pace, gb_now_ms());
            if (!take_tokens(w, gb_now_ms() - before, err))
                return false;
            continue;
        }
        if (stopped.status == GB_INTERRUPTED)
            return finish_all(w, "interrupt", err) && gb_fail_interrupted(err);
        finish_all(w, "error", NULL);
        *err = stopped;
        return false;
    }
    return ok;
}

/* Takes off one final line end, which editors and the shell put there. */
static void
drop_line_end(gb_str *text)
{
    if (text->len == 0 || text->data[text->len - 1] != '\n')
        return;
    text->len--;
    if (text->len > 0 && text->data[text->len - 1] == '\r')
        text->len--;
    text->data[text->len] = '\0';
}

bool
gb_read_prompt(const gb_options *o, gb_str *text, gb_error *err)
{
    if (!gb_read_text(o, text, err))
        return false;
    if (o->n_args == 0)
        drop_line_end(text);
    return true;
}

bool
gb_take_prompt(const gb_options *o, const gb_model *m, gb_str *text,
               gb_ids *ids, size_t *tail, gb_error *err)
{
    gb_str clean = GB_STR_INIT;
    bool cut;

    if (!gb_encode_prompt(o, m, text, o->settings.max_new_tokens, ids, &cut,
                          err))
        return false;
    if (cut) {
        gb_str_clear(text);
        if (!gb_tokenizer_decode(m->tokenizer, ids->data, ids->len, text,
                                 err))
            return false;
    }
    *tail = text->len -
            gb_utf8_clean(&clean, gb_str_cstr(text), text->len, false);
    gb_str_free(&clean);
    return true;
}

/* A text's own copy of the prompt. */
static void
begin_take(writer *w, take *t, size_t tail)
{
    const gb_options *o = w->options;
    const char *stops[GB_MAX_STOPS];
    const gb_str *text = &w->prompt;

    t->g.options = o;
    t->g.engine = w->opened.engine;
    t->g.prompt_ids = &w->prompt_ids;
    t->g.take = w->n > 1 ? (unsigned)(t - w->takes) + 1 : 0;
    t->g.seed = gb_seed_jump(o->settings.seed, (uint64_t)(t - w->takes));
    t->g.tail = tail;
    gb_str_append(&t->g.prompt, gb_str_cstr(text), text->len);
    t->stream = gb_stream_new(stops, gb_settings_stops(&o->settings, stops));
    gb_stream_push(t->stream, gb_str_cstr(text) + text->len - tail, tail,
                   &t->g.text);
    gb_loop_init(&t->loop, w->opened.engine);
    gb_loop_set_draft(&t->loop, w->opened.draft);
    t->g.picked = t->loop.picked;
    gb_loop_append(&t->loop, w->prompt_ids.data, w->prompt_ids.len);
}

static void
end_take(take *t)
{
    gb_loop_free(&t->loop);
    gb_stream_free(t->stream);
    gb_str_free(&t->g.prompt);
    gb_str_free(&t->g.raw);
    gb_str_free(&t->g.text);
}

static bool
work(writer *w, gb_error *err)
{
    const gb_options *o = w->options;
    size_t tail, i;
    bool ok;

    if (!gb_read_prompt(o, &w->prompt, err) ||
        !gb_open_engine(o, &w->opened, err) ||
        !gb_open_draft(o, &w->opened, err) ||
        !gb_take_prompt(o, w->opened.model, &w->prompt, &w->prompt_ids, &tail,
                        err))
        return false;
    w->takes = gb_alloc_array(w->n, sizeof *w->takes);
    w->loops = gb_alloc_array(w->n, sizeof *w->loops);
    w->seeds = gb_alloc_array(w->n, sizeof *w->seeds);
    w->picks = gb_alloc_array(w->n, sizeof *w->picks);
    for (i = 0; i < w->n; i++)
        begin_take(w, &w->takes[i], tail);
    ok = write_on(w, err);
    for (i = 0; i < w->n; i++)
        end_take(&w->takes[i]);
    free(w->takes);
    free(w->loops);
    free(w->seeds);
    free(w->picks);
    return ok;
}

int
gb_generate(const gb_options *o, const gb_printer *format, gb_error *err)
{
    writer w = {.options = o, .format = format, .pace.rate = o->pace,
                .n = (size_t)o->takes};
    bool ok;

    if (o->as_recorded) {
        gb_fail_usage(err, "--pace recorded is for gumbel replay");
        return GB_USAGE;
    }
    ok = work(&w, err);
    gb_opened_close(&w.opened);
    gb_str_free(&w.prompt);
    gb_ids_free(&w.prompt_ids);
    return ok ? GB_OK : (int)err->status;
}

/* What cannot be asked for together. */
static bool
check_options(const gb_options *o, gb_error *err)
{
    if (o->json && o->trace)
        return gb_fail_usage(err, "--json and --trace exclude each other");
    if (o->takes > 1 && o->trace)
        return gb_fail_usage(err, "--takes and --trace exclude each other");
    if (o->takes > 1 && o->settings.greedy)
        return gb_fail_usage(err, "--takes and --greedy exclude each other: "
                             "all takes would be the same");
    return true;
}

static int
run(const gb_options *o, gb_error *err)
{
    if (!check_options(o, err))
        return GB_USAGE;
    if (o->json)
        return gb_generate(o, &gb_format_json, err);
    if (o->takes > 1)
        return gb_generate(o, &gb_format_takes, err);
    return gb_generate(o, o->trace ? &gb_format_trace : &gb_format_text, err);
}

const gb_command gb_cmd_generate = {
    .name = "generate",
    .args = "[PROMPT]",
    .summary = "Continue PROMPT; the text appears as it is generated",
    .help =
        "PROMPT missing: standard input, less one final line end. Empty: the "
        "model starts from its bos_token_id, or else its end-of-text token. "
        "Prints the prompt and what the model adds, nothing else: no line end "
        "is added, except on a terminal, where control characters are also "
        "made visible.\n"
        "It ends after --max-new-tokens, at the end-of-text token, at a "
        "--stop text, when the context is full, or by Ctrl-C, which keeps "
        "what there is. The same command prints the same text again; another "
        "--seed prints another one.\n"
        "--takes K writes K texts side by side, which takes far less time than "
        "one after the other. The first has the --seed, each further one that "
        "of another take, as again in the interface; each is the text that "
        "its seed gives alone. They are printed as they end, each below a "
        "line with its number and seed.\n"
        "--json prints an object per line: one of type start, one of type "
        "token for each token, one of type end with the reason. Of several "
        "takes, start has their seeds, and the others have take, from 1 on.",
    .example = "gumbel generate \"Once upon a time\"\n"
               "gumbel generate -n 200 -t 0.5 -s 7 --stop \"The End\" < "
               "beginning.txt\n"
               "gumbel generate -N 8 \"Once upon a time\"\n"
               "gumbel generate --json \"One day\" | "
               "jq -j 'select(.type == \"token\").text'",
    .self = GB_FOR_GENERATE,
    .max_args = 1,
    .run = run,
};
