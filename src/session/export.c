/* The branch as a file for people and programs. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "session/session_state.h"
#include "session/settings_json.h"

/* In chat, who speaks, when another one begins to. */
static void
put_speaker(const gb_segment *seg, gb_role last, bool first, gb_str *out)
{
    if (seg->mode != GB_MODE_CHAT || (!first && seg->role == last))
        return;
    if (out->len > 0)
        gb_str_putc(out, '\n');
    gb_str_puts(out, seg->role == GB_ROLE_USER ? "Human: " : "AI:");
}

static void
export_text(const gb_segment *const *branch, size_t n, gb_str *out)
{
    gb_role last = GB_ROLE_MARK;
    size_t i;

    for (i = 0; i < n; i++) {
        if (branch[i]->role == GB_ROLE_MARK)
            continue;
        put_speaker(branch[i], last, last == GB_ROLE_MARK, out);
        gb_str_append(out, gb_str_cstr(&branch[i]->text),
                      branch[i]->text.len);
        last = branch[i]->role;
    }
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        gb_str_putc(out, '\n');
}

/* Characters that Markdown would take for its own. */
static void
put_escaped(gb_str *out, const char *text, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (strchr("\\`*_{}[]<>#|~", text[i]) != NULL && text[i] != '\0')
            gb_str_putc(out, '\\');
        gb_str_putc(out, text[i]);
    }
}

/* Each line of the user's text is quoted. */
static void
put_quoted(gb_str *out, const gb_str *text)
{
    size_t at = 0, n;
    const char *s = gb_str_cstr(text);

    while (at < text->len) {
        n = strcspn(s + at, "\n");
        gb_str_puts(out, "> ");
        put_escaped(out, s + at, n);
        gb_str_putc(out, '\n');
        at += n + 1;
    }
}

static void
export_markdown(gb_session *s, const gb_segment *const *branch, size_t n,
                gb_str *out)
{
    const gb_segment *seg;
    size_t i;

    gb_str_puts(out, "# A session with ");
    put_escaped(out, s->model->name, strlen(s->model->name));
    gb_str_puts(out, "\n");
    for (i = 0; i < n; i++) {
        seg = branch[i];
        if (seg->text.len == 0)
            continue;
        gb_str_puts(out, "\n");
        if (seg->role == GB_ROLE_USER) {
            put_quoted(out, &seg->text);
            continue;
        }
        if (seg->role == GB_ROLE_MARK)
            gb_str_putc(out, '*');
        put_escaped(out, seg->text.data, seg->text.len);
        gb_str_puts(out, seg->role == GB_ROLE_MARK ? "*\n" : "\n");
    }
}

static json_t *
segment_json(const gb_segment *seg)
{
    static const char *const roles[] = {"user", "model", "mark"};
    json_t *o = json_object(), *ids = json_array(), *logprobs = json_array();
    size_t i;

    json_object_set_new(o, "role", json_string(roles[seg->role]));
    json_object_set_new(o, "mode", json_string(gb_mode_name(seg->mode)));
    json_object_set_new(o, "text", gb_json_text(gb_str_cstr(&seg->text),
                                                seg->text.len));
    for (i = 0; i < seg->ids.len; i++) {
        json_array_append_new(ids, json_integer(seg->ids.data[i]));
        if (seg->logprobs != NULL)
            json_array_append_new(logprobs, gb_json_float(seg->logprobs[i]));
    }
    json_object_set_new(o, "ids", ids);
    if (seg->logprobs != NULL)
        json_object_set_new(o, "logprobs", logprobs);
    else
        json_decref(logprobs);
    return o;
}

static void
export_json(gb_session *s, const gb_segment *const *branch, size_t n,
            gb_str *out)
{
    json_t *o = json_object(), *list = json_array();
    const gb_engine_info *info = gb_engine_get_info(s->engine);
    size_t i;

    for (i = 0; i < n; i++)
        json_array_append_new(list, segment_json(branch[i]));
    json_object_set_new(o, "model", gb_json_string(s->model->name));
    json_object_set_new(o, "device", gb_json_string(info->device.name));
    json_object_set_new(o, "dtype", json_string(gb_dtype_name(info->dtype)));
    json_object_set_new(o, "mode", json_string(gb_mode_name(
                            gb_history_mode(s->history))));
    json_object_set_new(o, "settings",
                        gb_settings_json(gb_history_settings(s->history)));
    json_object_set_new(o, "step", gb_json_u64(gb_history_step(s->history)));
    json_object_set_new(o, "segments", list);
    gb_json_dump(o, out);
    gb_str_putc(out, '\n');
}

void
gb_session_export(gb_session *s, gb_export format, gb_str *out)
{
    size_t n;
    const gb_segment **branch = gb_history_branch(s->history, &n);

    switch (format) {
    case GB_EXPORT_TEXT:
        export_text(branch, n, out);
        break;
    case GB_EXPORT_MARKDOWN:
        export_markdown(s, branch, n, out);
        break;
    case GB_EXPORT_JSON:
        export_json(s, branch, n, out);
        break;
    }
    free(branch);
}
