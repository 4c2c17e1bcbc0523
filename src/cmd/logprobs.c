/* gumbel logprobs: the sampling head's vector. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/npy.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "session/loop.h"

/* A token and its log-probability, for sorting. */
typedef struct entry {
    gb_token id;
    float logprob;
} entry;

/* The most likely first, equally likely ones by id. */
static int
compare(const void *left, const void *right)
{
    const entry *a = left, *b = right;

    if (a->logprob != b->logprob)
        return a->logprob < b->logprob ? 1 : -1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* The tokens that the filters keep, without those that are banned. */
static json_t *
list_tokens(const gb_options *o, const gb_model *m, const float *logprobs)
{
    uint32_t i, n = m->config.n_vocab;
    float floor = gb_filter_floor(&o->settings.filter, logprobs, n);
    entry *entries = gb_alloc_array(n, sizeof *entries);
    json_t *list = json_array(), *one;
    size_t k, kept = 0, length;
    const char *bytes;

    for (i = 0; i < n; i++)
        if (logprobs[i] >= floor && logprobs[i] > -INFINITY)
            entries[kept++] = (entry){i, logprobs[i]};
    qsort(entries, kept, sizeof *entries, compare);
    for (k = 0; k < kept; k++) {
        bytes = gb_tokenizer_bytes(m->tokenizer, entries[k].id, &length);
        one = json_object();
        json_object_set_new(one, "id", json_integer(entries[k].id));
        json_object_set_new(one, "text", gb_json_text(bytes, length));
        json_object_set_new(one, "logprob", gb_json_float(entries[k].logprob));
        json_array_append_new(list, one);
    }
    free(entries);
    return list;
}

static void
make_json(const gb_options *o, const gb_model *m, const gb_ids *ids,
          const float *logprobs, gb_str *out)
{
    json_t *object = json_object(), *settings;

    settings = gb_settings_json(&o->settings);
    json_object_set_new(object, "prompt_ids", gb_json_ids(ids));
    json_object_set(object, "temperature",
                    json_object_get(settings, "temperature"));
    json_decref(settings);
    json_object_set_new(object, "tokens", list_tokens(o, m, logprobs));
    gb_json_line(object, out);
}

static bool
deliver(const gb_options *o, const gb_str *out, gb_error *err)
{
    if (o->output != NULL)
        return gb_file_replace(o->output, out->data, out->len,
                               0666 | GB_FILE_SPECIAL, err);
    return gb_put(out, err);
}

/* Reads the prompt and runs the head; logprobs (n_vocab) f32. */
static bool
compute(const gb_options *o, gb_opened *p, const gb_ids *ids, float *logprobs,
        gb_error *err)
{
    const gb_adjustments *adjust;
    gb_adjuster adjuster = {.model = NULL};
    bool ok;

    ok = gb_adjuster_find(&adjuster, p->model, &o->settings, ids->data,
                          ids->len, &adjust, err) &&
         gb_engine_feed(p->engine, ids->data, (uint32_t)ids->len, err) &&
         gb_engine_logprobs(p->engine, o->settings.temperature, adjust,
                            logprobs, err);
    gb_adjuster_free(&adjuster);
    return ok;
}

static bool
work(const gb_options *o, gb_opened *p, const gb_ids *ids, gb_error *err)
{
    uint32_t n = p->model->config.n_vocab;
    float *logprobs = gb_alloc_array(n, sizeof *logprobs);
    gb_str out = GB_STR_INIT;
    bool ok = compute(o, p, ids, logprobs, err);

    gb_opened_quiet(p);
    if (ok && o->json)
        make_json(o, p->model, ids, logprobs, &out);
    else if (ok)
        gb_npy_vector(&out, logprobs, n);
    ok = ok && deliver(o, &out, err);
    gb_str_free(&out);
    free(logprobs);
    return ok;
}

/* The filters only choose what --json lists; the vector is whole. */
static bool
check(const gb_options *o, gb_error *err)
{
    if (!o->json && !gb_filter_is_off(&o->settings.filter))
        return gb_fail_usage(err, "--top-k, --top-p and --min-p choose what "
                             "logprobs --json lists; the .npy vector is "
                             "always whole");
    if (!o->json && o->output == NULL && isatty(STDOUT_FILENO))
        return gb_fail_usage(err, "a .npy file is not for a terminal; name a "
                             "file with -o, or ask for --json");
    return true;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_opened opened = {.model = NULL};
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    bool ok, cut;

    ok = check(o, err) && gb_read_text(o, &text, err) &&
         gb_open_engine(o, &opened, err) &&
         gb_encode_prompt(o, opened.model, &text, 0, &ids, &cut, err) &&
         work(o, &opened, &ids, err);
    gb_opened_close(&opened);
    gb_ids_free(&ids);
    gb_str_free(&text);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_logprobs = {
    .name = "logprobs",
    .args = "[PROMPT]",
    .summary = "Write the log-probabilities of the token after PROMPT",
    .help =
        "PROMPT missing: standard input, to its last byte. Empty: "
        "bos_token_id, or else the end-of-text token. Writes the sampling "
        "head's vector, natural logarithms at --temperature, float32 "
        "[vocab_size], as a NumPy file (.npy).\n"
        "With --json one object: prompt_ids, temperature and tokens, a list "
        "of {id, text, logprob} from the most likely down. --top-k, --top-p "
        "and --min-p shorten the list; they do not change the values. --bias, "
        "--repetition-penalty and DRY do, in both forms.",
    .example = "gumbel logprobs -t 1 -o next.npy \"Once upon a\"\n"
               "gumbel logprobs --json --top-k 10 \"Once upon a\"",
    .self = GB_FOR_LOGPROBS,
    .max_args = 1,
    .run = run,
};
