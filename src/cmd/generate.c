/* gumbel generate: go on from a prompt. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/generation.h"
#include "cmd/interrupt.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "session/loop.h"
#include "session/pace.h"
#include "session/stream.h"

/* What the loop below works with. */
typedef struct writer {
    gb_generation g;
    const gb_printer *format;
    gb_opened opened;
    gb_loop loop;
    gb_stream *stream;
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
    return w->format->start(&w->g, err);
}

/* Picks a token and counts the time. */
static bool
pick_token(writer *w, gb_pick *pick, gb_error *err)
{
    double before = gb_now_ms(), took;
    bool ok;

    ok = gb_loop_step(&w->loop, &w->g.options->settings, pick, err);
    w->g.adjust = w->loop.adjust;
    took = gb_now_ms() - before;
    if (w->g.steps == 0)
        w->g.prefill_ms += took;
    else
        w->g.decode_ms += took;
    return ok;
}

/* Hands on the token. *reason is set when it is the last one. */
static bool
take_token(writer *w, const gb_pick *pick, const char **reason, gb_error *err)
{
    const gb_model *m = w->opened.model;
    const gb_settings *s = &w->g.options->settings;
    size_t n, shown = w->g.text.len;
    bool stopped = false;
    const char *bytes;
    gb_reason end;

    if (!gb_ends_has(&m->config.ends, pick->id) || s->ignore_eos) {
        bytes = gb_tokenizer_bytes(m->tokenizer, pick->id, &n);
        gb_str_append(&w->g.raw, bytes, n);
        stopped = gb_stream_push(w->stream, bytes, n, &w->g.text);
    }
    end = gb_loop_end(w->opened.engine, s->ignore_eos, pick->id, stopped,
                      ++w->g.steps, s->max_new_tokens);
    if (end != GB_REASON_NONE)
        *reason = gb_reason_name(end);
    return start(w, err) &&
           w->format->token(&w->g, pick, gb_str_cstr(&w->g.text) + shown,
                            w->g.text.len - shown, err);
}

static bool
finish(writer *w, const char *reason, gb_error *err)
{
    size_t shown = w->g.text.len;

    gb_stream_end(w->stream, &w->g.text);
    return start(w, err) &&
           w->format->end(&w->g, reason, gb_str_cstr(&w->g.text) + shown,
                          w->g.text.len - shown, err);
}

static bool
write_on(writer *w, gb_error *err)
{
    gb_error stopped = GB_ERROR_INIT;
    const char *reason = NULL;
    gb_pick pick;

    gb_pace_begin(&w->pace, gb_now_ms());
    while (reason == NULL) {
        gb_wait_until(gb_pace_due(&w->pace), gb_interrupt_flag());
        if (atomic_load(gb_interrupt_flag()))
            reason = "interrupt";
        else if (gb_loop_is_full(&w->loop))
            reason = "context";
        else if (pick_token(w, &pick, &stopped)) {
            gb_pace_count(&w->pace, gb_now_ms());
            if (!take_token(w, &pick, &reason, err))
                return false;
        } else if (stopped.status == GB_INTERRUPTED) {
            reason = "interrupt";
        } else {
            finish(w, "error", NULL);
            *err = stopped;
            return false;
        }
    }
    if (!finish(w, reason, err))
        return false;
    return strcmp(reason, "interrupt") != 0 || gb_fail_interrupted(err);
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

static bool
take_prompt(writer *w, gb_ids *ids, gb_error *err)
{
    gb_str *text = &w->g.prompt;

    if (!gb_take_prompt(w->g.options, w->opened.model, text, ids, &w->g.tail,
                        err))
        return false;
    gb_stream_push(w->stream, gb_str_cstr(text) + text->len - w->g.tail,
                   w->g.tail, &w->g.text);
    w->g.prompt_ids = ids;
    gb_loop_append(&w->loop, ids->data, ids->len);
    return true;
}

static bool
work(writer *w, gb_ids *ids, gb_error *err)
{
    const gb_options *o = w->g.options;

    if (!gb_read_prompt(o, &w->g.prompt, err) ||
        !gb_open_engine(o, &w->opened, err))
        return false;
    w->g.engine = w->opened.engine;
    gb_loop_init(&w->loop, w->opened.engine);
    return take_prompt(w, ids, err) && write_on(w, err);
}

int
gb_generate(const gb_options *o, const gb_printer *format, gb_error *err)
{
    writer w = {.g.options = o, .format = format, .pace.rate = o->pace};
    const char *stops[GB_MAX_STOPS];
    gb_ids ids = GB_IDS_INIT;
    bool ok;

    if (o->as_recorded) {
        gb_fail_usage(err, "--pace recorded is for gumbel replay");
        return GB_USAGE;
    }
    w.stream = gb_stream_new(stops, gb_settings_stops(&o->settings, stops));
    ok = work(&w, &ids, err);
    gb_loop_free(&w.loop);
    gb_opened_close(&w.opened);
    gb_stream_free(w.stream);
    gb_str_free(&w.g.prompt);
    gb_str_free(&w.g.raw);
    gb_str_free(&w.g.text);
    gb_ids_free(&ids);
    return ok ? GB_OK : (int)err->status;
}

static int
run(const gb_options *o, gb_error *err)
{
    if (o->json && o->trace) {
        gb_fail_usage(err, "--json and --trace exclude each other");
        return GB_USAGE;
    }
    if (o->json)
        return gb_generate(o, &gb_format_json, err);
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
        "--json prints an object per line: one of type start, one of type "
        "token for each token, one of type end with the reason.",
    .example = "gumbel generate \"Once upon a time\"\n"
               "gumbel generate -n 200 -t 0.5 -s 7 --stop \"The End\" < "
               "beginning.txt\n"
               "gumbel generate --json \"One day\" | "
               "jq -j 'select(.type == \"token\").text'",
    .self = GB_FOR_GENERATE,
    .max_args = 1,
    .run = run,
};
