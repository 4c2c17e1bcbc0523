#include "session/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "session/chat.h"

/* In chat, who speaks, when another one begins to. */
static void
put_speaker(const gb_node *n, gb_role last, gb_str *out)
{
    if (n->mode != GB_MODE_CHAT || n->role == last)
        return;
    if (out->len > 0)
        gb_str_putc(out, '\n');
    gb_str_puts(out, n->role == GB_ROLE_USER ? GB_CHAT_USER : GB_CHAT_MODEL);
}

static void
export_text(const gb_path *path, gb_str *out)
{
    gb_role last = GB_ROLE_NOTE;
    const gb_stretch *s;
    size_t i;

    for (i = 0; i < path->len; i++) {
        s = &path->data[i];
        if (s->node->role == GB_ROLE_NOTE || s->node->hidden)
            continue;
        put_speaker(s->node, last, out);
        gb_str_append(out, gb_str_cstr(&s->node->text),
                      gb_node_bytes(s->node, s->tokens));
        last = s->node->role;
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

/* Behind a blank line. */
static void
begin_paragraph(gb_str *out)
{
    if (out->len > 0 && out->data[out->len - 1] != '\n')
        gb_str_putc(out, '\n');
    gb_str_putc(out, '\n');
}

/* What was set before a text, in italics; false: nothing was. */
static bool
put_changes(const gb_settings *then, const gb_settings *now, gb_str *out)
{
    gb_str text = GB_STR_INIT;
    bool any;

    gb_settings_differences(then, now, &text);
    any = text.len > 0;
    if (any) {
        begin_paragraph(out);
        gb_str_putc(out, '*');
        put_escaped(out, text.data, text.len);
        gb_str_putc(out, '*');
    }
    gb_str_free(&text);
    return any;
}

static void
put_note(gb_str *out, const gb_str *text)
{
    begin_paragraph(out);
    gb_str_putc(out, '*');
    put_escaped(out, gb_str_cstr(text), text->len);
    gb_str_putc(out, '*');
}

/* A text that goes on with the one before it stands in its paragraph. */
static void
put_model(gb_str *out, const char *text, size_t n, bool goes_on)
{
    size_t blanks = 0;

    if (!goes_on) {
        begin_paragraph(out);
        while (blanks < n && strchr(" \n", text[blanks]) != NULL &&
               text[blanks] != '\0')
            blanks++;
    }
    put_escaped(out, text + blanks, n - blanks);
}

static void
export_markdown(gb_session *s, gb_str *out)
{
    const gb_settings *last = &s->tree->root_settings;
    const gb_stretch *st;
    const gb_node *node;
    bool goes_on = false;
    size_t i, n;

    gb_str_puts(out, "# A session with ");
    put_escaped(out, s->model->name, strlen(s->model->name));
    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        node = st->node;
        n = gb_node_bytes(node, st->tokens);
        if (n == 0 || node->hidden)
            continue;
        if (gb_is_written(node->role, node->tokens, node->n_tokens)) {
            if (put_changes(last, &node->settings, out))
                goes_on = false;
            last = &node->settings;
        }
        if (node->role == GB_ROLE_USER) {
            begin_paragraph(out);
            put_quoted(out, &node->text);
        } else if (node->role == GB_ROLE_NOTE) {
            put_note(out, &node->text);
        } else {
            put_model(out, node->text.data, n, goes_on);
        }
        goes_on = node->role == GB_ROLE_MODEL;
    }
    if (out->data[out->len - 1] != '\n')
        gb_str_putc(out, '\n');
}

static void
put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value);
}

static json_t *
place_json(gb_place place)
{
    json_t *o = json_object();

    put(o, "node", json_integer(place.node));
    put(o, "tokens", json_integer(place.tokens));
    return o;
}

/* What is known of the tokens: one list each, as long as "ids". */
static void
put_tokens(json_t *o, const gb_node *n, uint32_t tokens)
{
    static const char *const lists[] = {"ids", "logprobs", "ranks",
                                        "entropies", "noises", "ranges",
                                        "sources", "ends"};
    json_t *list[GB_COUNT(lists)], *range;
    const gb_written *w;
    bool known = false;
    uint32_t k;
    size_t i;

    for (i = 0; i < GB_COUNT(lists); i++)
        list[i] = json_array();
    for (k = 0; k < tokens; k++) {
        w = &n->tokens[k];
        known = known || w->source != GB_SOURCE_TYPED;
        range = json_pack("[o,o]", gb_json_float(w->why.from),
                          gb_json_float(w->why.to));
        json_array_append_new(list[0], json_integer(w->id));
        json_array_append_new(list[1], gb_json_float(w->why.logprob));
        json_array_append_new(list[2], w->why.rank != GB_RANK_UNKNOWN
                                           ? json_integer(w->why.rank)
                                           : json_null());
        json_array_append_new(list[3], gb_json_float(w->why.entropy));
        json_array_append_new(list[4], gb_json_float(w->why.noise));
        json_array_append_new(list[5], range);
        json_array_append_new(list[6], json_string(gb_source_name(w->source)));
        json_array_append_new(list[7], json_integer(w->end));
    }
    for (i = 0; i < GB_COUNT(lists); i++) {
        if (i == 0 || i == 7 || known)
            put(o, lists[i], list[i]);
        else
            json_decref(list[i]);
    }
}

static json_t *
node_json(const gb_node *n, uint32_t tokens)
{
    static const char *const roles[] = {"user", "model", "note"};
    json_t *o = json_object();

    put(o, "node", json_integer(n->id));
    put(o, "after", place_json(gb_node_before(n)));
    put(o, "role", json_string(roles[n->role]));
    put(o, "mode", json_string(gb_mode_name(n->mode)));
    put(o, "text", gb_json_text(gb_str_cstr(&n->text),
                                gb_node_bytes(n, tokens)));
    if (n->role == GB_ROLE_MODEL) {
        put(o, "settings", gb_settings_json(&n->settings));
        put(o, "step", gb_json_u64(n->step));
    }
    put_tokens(o, n, tokens);
    return o;
}

static void
export_json(gb_session *s, gb_str *out)
{
    json_t *o = json_object(), *path = json_array(), *all = json_array();
    json_t *names = json_array(), *name;
    const gb_engine_info *info =
        s->engine != NULL ? gb_engine_get_info(s->engine) : NULL;
    const gb_tree *t = s->tree;
    size_t i;

    for (i = 0; i < t->path.len; i++)
        if (!t->path.data[i].node->hidden)
            json_array_append_new(path, node_json(t->path.data[i].node,
                                                  t->path.data[i].tokens));
    for (i = 0; i < t->n_nodes; i++)
        if (!t->nodes[i]->hidden)
            json_array_append_new(all, node_json(t->nodes[i],
                                                 t->nodes[i]->n_tokens));
    for (i = 0; i < t->n_names; i++) {
        name = place_json(t->names[i].place);
        put(name, "name", gb_json_string(t->names[i].text));
        json_array_append_new(names, name);
    }
    put(o, "model", gb_json_string(s->model->name));
    put(o, "device",
        gb_json_string(info != NULL ? info->device.name : NULL));
    put(o, "dtype",
        gb_json_string(info != NULL ? info->dtype : NULL));
    put(o, "mode", json_string(gb_mode_name(t->mode)));
    put(o, "settings", gb_settings_json(&t->settings));
    put(o, "step", gb_json_u64(t->step));
    put(o, "segments", path);
    put(o, "nodes", all);
    put(o, "names", names);
    gb_json_dump(o, out);
    gb_str_putc(out, '\n');
}

void
gb_session_export(gb_session *s, gb_export format, gb_str *out)
{
    switch (format) {
    case GB_EXPORT_TEXT:
        export_text(&s->tree->path, out);
        break;
    case GB_EXPORT_MARKDOWN:
        export_markdown(s, out);
        break;
    case GB_EXPORT_JSON:
        export_json(s, out);
        break;
    case GB_EXPORT_HTML:
        gb_export_html(s, NULL, out, NULL);
        break;
    }
}
