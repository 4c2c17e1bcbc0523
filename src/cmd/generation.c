#include "cmd/generation.h"

#include <string.h>

#include "base/utf8.h"
#include "cmd/output.h"
#include "sample/rng.h"

/* Plain text. */

static bool
text_start(const gb_generation *g, gb_error *err)
{
    return gb_put_text(gb_str_cstr(&g->prompt), g->prompt.len - g->tail, err);
}

/* The first text has at its front what became of the prompt's unfinished
 * character: the whole character, or one U+FFFD for bytes that turned out to
 * be none; those are printed as they came. */
static bool
put_first(const gb_generation *g, const char *text, size_t n, gb_error *err)
{
    const char *tail = gb_str_cstr(&g->prompt) + g->prompt.len - g->tail;
    size_t replacement = strlen("\xef\xbf\xbd");

    if ((n >= g->tail && memcmp(text, tail, g->tail) == 0) || n < replacement)
        return gb_put_text(text, n, err);
    return gb_put_text(tail, g->tail, err) &&
           gb_put_text(text + replacement, n - replacement, err);
}

static bool
text_add(const gb_generation *g, const char *text, size_t n, gb_error *err)
{
    if (n == 0)
        return true;
    if (g->tail > 0 && n == g->text.len)
        return put_first(g, text, n, err);
    return gb_put_text(text, n, err);
}

static bool
text_token(const gb_generation *g, const gb_pick *pick, const char *text,
           size_t n, gb_error *err)
{
    (void)pick;
    return text_add(g, text, n, err);
}

static bool
text_end(const gb_generation *g, const char *reason, const char *text,
         size_t n, gb_error *err)
{
    (void)reason;
    return text_add(g, text, n, err) &&
           gb_put_line_end(g->text.len > 0 ? &g->text : &g->prompt, err);
}

const gb_printer gb_format_text = {text_start, text_token, text_end};

/* Several texts, each when it has ended. */

static bool
takes_start(const gb_generation *g, gb_error *err)
{
    (void)g, (void)err;
    return true;
}

static bool
takes_token(const gb_generation *g, const gb_pick *pick, const char *text,
            size_t n, gb_error *err)
{
    (void)g, (void)pick, (void)text, (void)n, (void)err;
    return true;
}

static bool
takes_end(const gb_generation *g, const char *reason, const char *text,
          size_t n, gb_error *err)
{
    const gb_str *last = g->text.len > 0 ? &g->text : &g->prompt;
    gb_str head = GB_STR_INIT;
    bool ok;

    (void)reason, (void)text, (void)n;
    gb_str_printf(&head, "--- take %u, seed %llu\n", g->take,
                  (unsigned long long)g->seed);
    ok = gb_put(&head, err) && text_start(g, err) &&
         text_add(g, gb_str_cstr(&g->text), g->text.len, err) &&
         ((last->len > 0 && last->data[last->len - 1] == '\n') ||
          gb_put_text("\n", 1, err));
    gb_str_free(&head);
    return ok;
}

const gb_printer gb_format_takes = {takes_start, takes_token, takes_end};

/* JSON Lines. */

static json_t *
event(const char *type)
{
    json_t *o = json_object();

    json_object_set_new(o, "type", json_string(type));
    return o;
}

/* Those of all takes. */
static json_t *
seeds(const gb_options *o)
{
    json_t *list = json_array();
    uint64_t k;

    for (k = 0; k < o->takes; k++)
        json_array_append_new(list, gb_json_u64(gb_seed_jump(o->settings.seed,
                                                             k)));
    return list;
}

static void
add_take(json_t *o, const gb_generation *g)
{
    if (g->take > 0)
        json_object_set_new(o, "take", json_integer(g->take));
}

static bool
json_start(const gb_generation *g, gb_error *err)
{
    const gb_engine_info *info = gb_engine_get_info(g->engine);
    json_t *o = event("start");

    json_object_set_new(o, "model",
                        gb_json_string(gb_engine_model(g->engine)->name));
    json_object_set_new(o, "device", gb_json_string(info->device.name));
    json_object_set_new(o, "dtype", gb_json_string(info->dtype));
    json_object_set_new(o, "settings", gb_settings_json(&g->options->settings));
    json_object_set_new(o, "prompt_ids", gb_json_ids(g->prompt_ids));
    if (g->take > 0)
        json_object_set_new(o, "seeds", seeds(g->options));
    return gb_put_json(o, err);
}

json_t *
gb_generation_token(const gb_generation *g, const gb_pick *pick,
                    const char *text, size_t n)
{
    json_t *o = event("token");

    add_take(o, g);
    json_object_set_new(o, "step", json_integer((json_int_t)g->steps - 1));
    json_object_set_new(o, "id", json_integer(pick->id));
    json_object_set_new(o, "text", gb_json_text(text, n));
    json_object_set_new(o, "logprob", gb_json_float(pick->logprob));
    return o;
}

static bool
json_token(const gb_generation *g, const gb_pick *pick, const char *text,
           size_t n, gb_error *err)
{
    return gb_put_json(gb_generation_token(g, pick, text, n), err);
}

/* Milliseconds to the microsecond. */
static json_t *
milliseconds(double ms)
{
    return json_real((double)(int64_t)(ms * 1000) / 1000);
}

static bool
json_end(const gb_generation *g, const char *reason, const char *text,
         size_t n, gb_error *err)
{
    json_t *o = event("end");

    (void)text, (void)n; /* the whole text holds it */
    add_take(o, g);
    json_object_set_new(o, "reason", gb_json_string(reason));
    json_object_set_new(o, "text",
                        gb_json_text(gb_str_cstr(&g->text), g->text.len));
    json_object_set_new(o, "prefill_ms", milliseconds(g->prefill_ms));
    json_object_set_new(o, "decode_ms", milliseconds(g->decode_ms));
    json_object_set_new(o, "computed",
                        gb_json_u64(gb_engine_computed(g->engine)));
    if (g->picked != NULL) {
        json_object_set_new(o, "drafted",
                            gb_json_u64(g->picked->count.drafted));
        json_object_set_new(o, "accepted",
                            gb_json_u64(g->picked->count.accepted));
    }
    return gb_put_json(o, err);
}

const gb_printer gb_format_json = {json_start, json_token, json_end};

/* The trace of the Python original. */

static const char rule[] =
    "--------------------------------------------------\n";

/* A float as Python's repr writes it. */
static void
add_python_float(gb_str *out, const gb_settings *s)
{
    gb_str digits = GB_STR_INIT;

    gb_settings_get(s, "temperature", &digits);
    gb_str_append(out, digits.data, digits.len);
    if (strpbrk(digits.data, ".e") == NULL)
        gb_str_puts(out, ".0");
    gb_str_free(&digits);
}

static bool
put_trace(gb_str *out, gb_error *err)
{
    bool ok = gb_put_text(gb_str_cstr(out), out->len, err);

    gb_str_free(out);
    return ok;
}

static bool
trace_start(const gb_generation *g, gb_error *err)
{
    const gb_settings *s = &g->options->settings;
    gb_str out = GB_STR_INIT;

    gb_str_puts(&out, "Starting generation from: '");
    gb_str_append(&out, gb_str_cstr(&g->prompt), g->prompt.len);
    gb_str_printf(&out, "'\nSettings: max_new_tokens=%u, temperature=",
                  (unsigned)s->max_new_tokens);
    add_python_float(&out, s);
    gb_str_printf(&out, ", do_sample=%s\n", s->greedy ? "False" : "True");
    gb_str_puts(&out, rule);
    return put_trace(&out, err);
}

static bool
put_step(const gb_generation *g, gb_error *err)
{
    gb_str bytes = GB_STR_INIT, out = GB_STR_INIT;

    gb_str_append(&bytes, gb_str_cstr(&g->prompt), g->prompt.len);
    gb_str_append(&bytes, gb_str_cstr(&g->raw), g->raw.len);
    gb_str_printf(&out, "Step %2llu: ", (unsigned long long)g->steps);
    gb_utf8_clean(&out, gb_str_cstr(&bytes), bytes.len, true);
    gb_str_putc(&out, '\n');
    gb_str_free(&bytes);
    return put_trace(&out, err);
}

/* Every fifth step, from the first one. */
static bool
is_shown(uint64_t step)
{
    return step % 5 == 1;
}

static bool
trace_token(const gb_generation *g, const gb_pick *pick, const char *text,
            size_t n, gb_error *err)
{
    (void)pick, (void)text, (void)n;
    return !is_shown(g->steps) || put_step(g, err);
}

static bool
trace_end(const gb_generation *g, const char *reason, const char *text,
          size_t n, gb_error *err)
{
    gb_str out = GB_STR_INIT;

    (void)reason, (void)text, (void)n;
    if (g->steps > 0 && !is_shown(g->steps) && !put_step(g, err))
        return false;
    gb_str_puts(&out, rule);
    gb_str_puts(&out, "Final generated text: '");
    gb_str_append(&out, gb_str_cstr(&g->prompt), g->prompt.len - g->tail);
    gb_str_append(&out, gb_str_cstr(&g->text), g->text.len);
    gb_str_puts(&out, "'\n");
    return put_trace(&out, err);
}

const gb_printer gb_format_trace = {trace_start, trace_token, trace_end};
