#include "session/event.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

static const char *const modes[] = {
    [GB_MODE_CONTINUE] = "continue", [GB_MODE_CHAT] = "chat",
};

static const char *const reasons[] = {
    [GB_REASON_NONE] = "none",   [GB_REASON_LENGTH] = "length",
    [GB_REASON_EOS] = "eos",     [GB_REASON_STOP] = "stop",
    [GB_REASON_INTERRUPT] = "interrupt", [GB_REASON_ERROR] = "error",
};

static const char *const hows[] = {
    [GB_HOW_SEND] = "send",   [GB_HOW_CONTINUE] = "continue",
    [GB_HOW_RETRY] = "retry", [GB_HOW_RESEED] = "reseed",
    [GB_HOW_AGAIN] = "again", [GB_HOW_WHAT] = "what",
};

static const char *const types[] = {
    [GB_EVENT_PROMPT] = "prompt",   [GB_EVENT_EDIT] = "edit",
    [GB_EVENT_IMPORT] = "import",   [GB_EVENT_RUN] = "run",
    [GB_EVENT_TOKEN] = "token",     [GB_EVENT_CUT] = "cut",
    [GB_EVENT_STOP] = "stop",       [GB_EVENT_SET] = "set",
    [GB_EVENT_MODE] = "mode",       [GB_EVENT_EVICT] = "evict",
    [GB_EVENT_PREFILL] = "prefill", [GB_EVENT_MARK] = "mark",
    [GB_EVENT_UNDO] = "undo",       [GB_EVENT_REDO] = "redo",
    [GB_EVENT_CLEAR] = "clear",     [GB_EVENT_GO] = "go",
    [GB_EVENT_PICK] = "pick",       [GB_EVENT_NAME] = "name",
    [GB_EVENT_ENGINE] = "engine",
};

/* The index of text among n names; n when it is none of them. */
static size_t
find(const char *const *names, size_t n, const char *text)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (strcmp(names[i], text) == 0)
            break;
    return i;
}

const char *
gb_mode_name(gb_mode mode)
{
    return modes[mode];
}

const char *
gb_reason_name(gb_reason reason)
{
    return reasons[reason];
}

const char *
gb_how_name(gb_how how)
{
    return hows[how];
}

const char *
gb_event_name(gb_event_type type)
{
    return types[type];
}

bool
gb_mode_parse(const char *text, gb_mode *mode)
{
    size_t i = find(modes, GB_COUNT(modes), text);

    if (i == GB_COUNT(modes))
        return false;
    *mode = (gb_mode)i;
    return true;
}

bool
gb_mode_change(const char *text, gb_mode *mode)
{
    if (strcmp(text, "toggle") != 0)
        return gb_mode_parse(text, mode);
    *mode = *mode == GB_MODE_CHAT ? GB_MODE_CONTINUE : GB_MODE_CHAT;
    return true;
}

bool
gb_reason_parse(const char *text, gb_reason *reason)
{
    size_t i = find(reasons, GB_COUNT(reasons), text);

    if (i == GB_COUNT(reasons))
        return false;
    *reason = (gb_reason)i;
    return true;
}

bool
gb_how_parse(const char *text, gb_how *how)
{
    size_t i = find(hows, GB_COUNT(hows), text);

    if (i == GB_COUNT(hows))
        return false;
    *how = (gb_how)i;
    return true;
}

bool
gb_event_parse(const char *text, gb_event_type *type)
{
    size_t i = find(types, GB_COUNT(types), text);

    if (i == GB_COUNT(types))
        return false;
    *type = (gb_event_type)i;
    return true;
}

/* To JSON. */

static void
put_text(json_t *o, const gb_event *e)
{
    gb_json_put_bytes(o, "text", e->text, e->n_text);
}

static void
put_number(json_t *o, const char *name, uint64_t value)
{
    json_object_set_new(o, name, json_integer((json_int_t)value));
}

static void
put_string(json_t *o, const char *name, const char *value)
{
    json_object_set_new(o, name, gb_json_string(value));
}

static void
put_ids(json_t *o, const gb_event *e)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < e->n_ids; i++)
        json_array_append_new(list, json_integer(e->ids[i]));
    json_object_set_new(o, "ids", list);
}

static void
put_place(json_t *o, const gb_event *e)
{
    put_number(o, "node", e->place.node);
    put_number(o, "tokens", e->place.tokens);
}

static void
put_prompt(json_t *o, const gb_event *e)
{
    put_text(o, e);
    put_ids(o, e);
    if (e->skipped > 0)
        put_number(o, "skipped", e->skipped);
    if (e->what)
        json_object_set_new(o, "what", json_true());
    if (e->placed)
        put_place(o, e);
}

static void
put_run(json_t *o, const gb_event *e)
{
    put_string(o, "how", gb_how_name(e->how));
    if (e->how == GB_HOW_RESEED || e->how == GB_HOW_WHAT)
        json_object_set_new(o, "seed",
                            json_sprintf("%llu", (unsigned long long)e->seed));
    if (e->how == GB_HOW_WHAT)
        put_number(o, "step", e->step);
    if (e->tokens > 0)
        put_number(o, "limit", e->tokens);
    if (e->placed)
        put_place(o, e);
    if (e->n_ids > 0)
        put_ids(o, e);
}

static void
put_float(json_t *o, const char *name, float value)
{
    if (isfinite(value))
        json_object_set_new(o, name, gb_json_float(value));
}

static void
put_why(json_t *o, const gb_why *w)
{
    put_float(o, "logprob", w->logprob);
    if (w->rank != GB_RANK_UNKNOWN)
        put_number(o, "rank", w->rank);
    put_float(o, "entropy", w->entropy);
    put_float(o, "noise", w->noise);
    put_float(o, "from", w->from);
    put_float(o, "to", w->to);
}

static void
put_members(json_t *o, const gb_event *e)
{
    json_t *engine;

    switch (e->type) {
    case GB_EVENT_IMPORT:
        put_string(o, "role", e->model ? "model" : "user");
        put_prompt(o, e);
        break;
    case GB_EVENT_PROMPT:
    case GB_EVENT_EDIT:
        put_prompt(o, e);
        break;
    case GB_EVENT_RUN:
        put_run(o, e);
        break;
    case GB_EVENT_PICK:
        put_place(o, e);
        put_ids(o, e);
        put_why(o, &e->why);
        break;
    case GB_EVENT_CUT:
        put_number(o, "tokens", e->tokens);
        put_ids(o, e);
        break;
    case GB_EVENT_STOP:
        put_string(o, "reason", gb_reason_name(e->reason));
        break;
    case GB_EVENT_SET:
        put_number(o, "step", e->step);
        put_string(o, "name", e->name);
        put_string(o, "value", e->value);
        break;
    case GB_EVENT_MODE:
        put_string(o, "mode", gb_mode_name(e->mode));
        break;
    case GB_EVENT_EVICT:
        put_number(o, "tokens", e->tokens);
        break;
    case GB_EVENT_PREFILL:
        put_number(o, "from", e->from);
        put_number(o, "to", e->to);
        break;
    case GB_EVENT_MARK:
        put_text(o, e);
        break;
    case GB_EVENT_GO:
        put_place(o, e);
        break;
    case GB_EVENT_NAME:
        put_place(o, e);
        put_text(o, e);
        break;
    case GB_EVENT_ENGINE:
        engine = json_loads(e->value, 0, NULL);
        json_object_set_new(o, "engine", engine != NULL ? engine
                                                        : json_object());
        put_text(o, e);
        break;
    case GB_EVENT_TOKEN:
    case GB_EVENT_UNDO:
    case GB_EVENT_REDO:
    case GB_EVENT_CLEAR:
    case GB_EVENT_TYPES:
        break;
    }
}

static void
format_float(const char *name, float value, gb_str *out)
{
    if (isfinite(value))
        gb_str_printf(out, ",\"%s\":%.9g", name, (double)value);
}

static double
shown_ms(const gb_event *e)
{
    return floor(e->ms * 10) / 10;
}

/* By hand, since there are thousands of them in a second. */
static void
format_token(const gb_event *e, gb_str *out)
{
    const gb_why *w = &e->why;

    gb_str_printf(out, "{\"type\":\"token\",\"step\":%llu,\"id\":%u",
                  (unsigned long long)e->step, e->id);
    if (isfinite(w->logprob))
        format_float("logprob", w->logprob, out);
    else
        gb_str_puts(out, ",\"logprob\":null");
    if (w->rank != GB_RANK_UNKNOWN)
        gb_str_printf(out, ",\"rank\":%u", w->rank);
    format_float("entropy", w->entropy, out);
    format_float("noise", w->noise, out);
    format_float("from", w->from, out);
    format_float("to", w->to, out);
    gb_str_printf(out, ",\"ms\":%.10g}\n", shown_ms(e));
}

void
gb_event_format(const gb_event *e, gb_str *out)
{
    json_t *o;

    if (e->type == GB_EVENT_TOKEN) {
        format_token(e, out);
        return;
    }
    o = json_object();
    put_string(o, "type", gb_event_name(e->type));
    put_members(o, e);
    json_object_set_new(o, "ms", json_real(shown_ms(e)));
    gb_json_dump(o, out);
    gb_str_putc(out, '\n');
}
