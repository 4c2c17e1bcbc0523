/* gumbel score: how likely the model finds a text. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/open.h"
#include "cmd/output.h"

/* Fills logprobs (n) f32; the first is NaN. A text longer than the context is
 * read in windows of the context's size that overlap by half, so that each
 * token after the first window is given at least half a context before it. */
static bool
score(gb_engine *e, const gb_ids *ids, float *logprobs, gb_error *err)
{
    uint32_t n_ctx = gb_engine_model(e)->config.n_ctx, n, skip;
    uint32_t stride = n_ctx - n_ctx / 2;
    float *window = gb_alloc_array(n_ctx, sizeof *window);
    size_t start = 0, i;
    bool ok = true;

    for (;;) {
        n = ids->len - start < n_ctx ? (uint32_t)(ids->len - start) : n_ctx;
        ok = gb_engine_score(e, ids->data + start, n, window, err);
        skip = start == 0 ? 0 : n_ctx - stride;
        for (i = skip; ok && i < n; i++)
            logprobs[start + i] = window[i];
        if (!ok || start + n == ids->len)
            break;
        start += stride;
    }
    free(window);
    return ok;
}

/* exp of the mean negative log-probability; NaN when no token has one. */
static double
perplexity(const float *logprobs, size_t n)
{
    double sum = 0;
    size_t i;

    for (i = 1; i < n; i++)
        sum -= (double)logprobs[i];
    return n > 1 ? exp(sum / (double)(n - 1)) : (double)NAN;
}

static bool
put_json(const gb_ids *ids, const float *logprobs, gb_error *err)
{
    json_t *o = json_object(), *list = json_array();
    size_t i;

    for (i = 0; i < ids->len; i++)
        json_array_append_new(list, gb_json_float(logprobs[i]));
    json_object_set_new(o, "ids", gb_json_ids(ids));
    json_object_set_new(o, "logprobs", list);
    json_object_set_new(
        o, "perplexity",
        gb_json_float((float)perplexity(logprobs, ids->len)));
    return gb_put_json(o, err);
}

/* One line a token: id, log-probability, the token in visible characters. */
static bool
put_text(const gb_model *m, const gb_ids *ids, const float *logprobs,
         gb_error *err)
{
    gb_str out = GB_STR_INIT;
    const char *bytes;
    size_t i, n;
    bool ok;

    for (i = 0; i < ids->len; i++) {
        bytes = gb_tokenizer_bytes(m->tokenizer, ids->data[i], &n);
        if (!isfinite(logprobs[i]))
            gb_str_printf(&out, "%u\t-\t", (unsigned)ids->data[i]);
        else
            gb_str_printf(&out, "%u\t%.6f\t", (unsigned)ids->data[i],
                          (double)logprobs[i]);
        gb_utf8_visible(&out, bytes, n, false);
        gb_str_putc(&out, '\n');
    }
    if (ids->len > 1)
        gb_str_printf(&out, "perplexity\t%.6g\n",
                      perplexity(logprobs, ids->len));
    else
        gb_str_puts(&out, "perplexity\t-\n");
    ok = gb_put(&out, err);
    gb_str_free(&out);
    return ok;
}

/* A text with the text of a special token is mostly meant to have it. */
static void
hint(const gb_options *o, const gb_model *m, const gb_str *text)
{
    char *note;

    if (o->specials || !gb_tokenizer_has_special(
                           m->tokenizer, gb_str_cstr(text), text->len))
        return;
    note = gb_format("%s: the text spells a special token, which is scored "
                     "as its letters; --specials reads it as the token",
                     m->name);
    gb_put_note(note);
    free(note);
}

static bool
work(const gb_options *o, gb_opened *p, const gb_ids *ids, gb_error *err)
{
    float *logprobs = gb_alloc_array(ids->len + 1, sizeof *logprobs);
    bool ok;

    ok = ids->len == 0 || score(p->engine, ids, logprobs, err);
    gb_opened_quiet(p);
    ok = ok && (o->json ? put_json(ids, logprobs, err)
                        : put_text(p->model, ids, logprobs, err));
    free(logprobs);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_opened opened = {.model = NULL};
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    bool ok;

    ok = gb_read_text(o, &text, err) && gb_open_engine(o, &opened, err) &&
         gb_tokenizer_encode_whole(opened.model->tokenizer,
                                   gb_str_cstr(&text), text.len, o->specials,
                                   &ids, err) &&
         work(o, &opened, &ids, err);
    if (ok)
        hint(o, opened.model, &text);
    gb_opened_close(&opened);
    gb_ids_free(&ids);
    gb_str_free(&text);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_score = {
    .name = "score",
    .args = "[TEXT]",
    .summary = "Log-probability of each token of TEXT, and perplexity",
    .help =
        "TEXT missing: standard input, to its last byte. Prints a line for "
        "each token: id, natural logarithm of its probability given those "
        "before it (\"-\" for the first, which has none before it), and the "
        "token; then the perplexity. With --json, one object with ids, "
        "logprobs (null for the first) and perplexity.\n"
        "A text longer than the context is read in windows of the context's "
        "size that overlap by half: each token has at least half a context "
        "before it. --specials reads <|endoftext|> as the end of a text.",
    .example = "gumbel score \"Once upon a time there was a fox.\"\n"
               "gumbel score --json < story.txt | jq .perplexity",
    .self = GB_FOR_SCORE,
    .max_args = 1,
    .run = run,
};
