/* What-if, and changing a turn. */
#include "session/steer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What-if: a word replaced, and what the model wrote after it written again,
 * each step with the noise and the settings it had. */

void
gb_session_plan(gb_session *s, const gb_event *e)
{
    gb_scripted *p;

    s->script = gb_realloc_array(s->script, s->n_script + 1,
                                 sizeof *s->script);
    p = &s->script[s->n_script++];
    *p = (gb_scripted){.event = *e};
    if (e->text != NULL)
        p->event.text = p->text = gb_strndup(e->text, e->n_text);
    if (e->name != NULL)
        p->event.name = p->name = gb_strdup(e->name);
    if (e->value != NULL)
        p->event.value = p->value = gb_strdup(e->value);
}

void
gb_session_drop_script(gb_session *s)
{
    size_t i;

    for (i = 0; i < s->n_script; i++) {
        free(s->script[i].name);
        free(s->script[i].value);
        free(s->script[i].text);
    }
    free(s->script);
    s->script = NULL;
    s->n_script = s->script_at = 0;
}

/* After end-of-text the model does not go on before the user's next text. */
static bool
is_over(const gb_session *s)
{
    const gb_tree *t = s->tree;
    gb_reason last = t->n_runs > 0 ? t->runs[t->n_runs - 1].reason
                                   : GB_REASON_NONE;

    return last == GB_REASON_EOS || last == GB_REASON_STOP;
}

bool
gb_session_follow_script(gb_session *s, gb_error *err)
{
    gb_event e = s->script[s->script_at++].event;
    unsigned flags = e.type == GB_EVENT_PROMPT ? GB_SEND_ONLY : 0;
    const gb_node *end;
    bool ok = true;

    end = s->tree->path.len > 0
              ? s->tree->path.data[s->tree->path.len - 1].node : NULL;
    if (e.type != GB_EVENT_RUN || e.placed || end == NULL ||
        end->role == GB_ROLE_USER || !is_over(s))
        ok = gb_session_do(s, &e, flags, err);
    if (s->script_at == s->n_script || !ok)
        gb_session_drop_script(s);
    if (!ok)
        gb_session_drop_ahead(s);
    return ok;
}

/* Plans the changes between two settings, but for the seed. */
static void
plan_settings(gb_session *s, const gb_settings *from, const gb_settings *to)
{
    gb_event e = {.type = GB_EVENT_SET};
    gb_str value = GB_STR_INIT;
    size_t i;

    for (i = 0; gb_settings_names[i] != NULL; i++) {
        e.name = gb_settings_names[i];
        if (!gb_settings_differ(from, to, i) || strcmp(e.name, "seed") == 0)
            continue;
        gb_str_clear(&value);
        gb_settings_get(to, e.name, &value);
        e.value = gb_str_cstr(&value);
        gb_session_plan(s, &e);
    }
    gb_str_free(&value);
}

/* Plans what follows token `from` of the stretch i of the path. */
static void
plan_rest(gb_session *s, size_t i, uint32_t from)
{
    gb_event run = {.type = GB_EVENT_RUN, .how = GB_HOW_WHAT};
    gb_event text = {.type = GB_EVENT_PROMPT, .what = true};
    gb_settings knobs = s->tree->settings, now = knobs;
    gb_mode mode = s->tree->mode;
    const gb_stretch *st;

    for (; i < s->tree->path.len; i++, from = 0) {
        st = &s->tree->path.data[i];
        if (gb_steer_counted(st) <= from)
            continue;
        if (st->node->mode != mode) {
            mode = st->node->mode;
            gb_session_plan(s, &(gb_event){.type = GB_EVENT_MODE,
                                           .mode = mode});
        }
        plan_settings(s, &now, &st->node->settings);
        now = st->node->settings;
        if (st->node->role == GB_ROLE_USER) {
            text.text = gb_str_cstr(&st->node->text);
            text.n_text = st->node->text.len;
            gb_session_plan(s, &text);
        } else {
            run.seed = st->node->settings.seed;
            run.step = st->node->step + from;
            run.tokens = st->tokens - from;
            gb_session_plan(s, &run);
        }
    }
    plan_settings(s, &now, &knobs);
    if (mode != s->tree->mode)
        gb_session_plan(s, &(gb_event){.type = GB_EVENT_MODE,
                                       .mode = s->tree->mode});
}

static bool
is_word(unsigned char c)
{
    return isalnum(c) || c == '\'' || c >= 0x80;
}

/* The word that holds the byte at *from of a text, or the first one behind
 * it; where there is none, the bytes between as they are. */
static void
find_word(const char *text, size_t *from, size_t *to)
{
    size_t at = *from;

    while (at < *to && !is_word((unsigned char)text[at]))
        at++;
    if (at == *to)
        return;
    *from = *to = at;
    while (*from > 0 && is_word((unsigned char)text[*from - 1]))
        --*from;
    while (is_word((unsigned char)text[*to]))
        ++*to;
}

/* The replacement that was typed: a word, or a text in quotes as it is. */
static bool
typed_text(const char *arg, gb_str *out, bool *exact, gb_error *err)
{
    size_t n = strlen(arg);

    *exact = n >= 2 && arg[0] == '"' && arg[n - 1] == '"';
    if (*exact)
        gb_str_append(out, arg + 1, n - 2);
    else
        gb_str_append(out, arg, n);
    return out->len > 0 || gb_fail_usage(err, "expected a word to put in "
                                         "place of the one at the cursor");
}

static bool
what_of_user(gb_session *s, const gb_stretch *c, const char *word,
             size_t n_word, gb_error *err)
{
    const gb_node *n = c->node;
    size_t from = c->tokens > 0 ? n->tokens[c->tokens - 1].end : 0;
    size_t to = n->tokens[c->tokens].end, next = n->depth + (size_t)1;
    gb_event e = {.type = GB_EVENT_EDIT, .placed = true};
    gb_str text = GB_STR_INIT;
    bool ok;

    find_word(gb_str_cstr(&n->text), &from, &to);
    gb_str_append(&text, gb_str_cstr(&n->text), from);
    gb_str_append(&text, word, n_word);
    gb_str_append(&text, gb_str_cstr(&n->text) + to, n->text.len - to);
    e.place = (gb_place){n->id, n->n_tokens};
    e.text = gb_str_cstr(&text);
    e.n_text = text.len;
    plan_rest(s, next, 0);
    ok = gb_session_do(s, &e, GB_SEND_ONLY, err);
    gb_str_free(&text);
    return ok;
}

static bool
begins_word(const gb_session *s, gb_token id)
{
    size_t n;
    const char *bytes = gb_tokenizer_bytes(s->model->tokenizer, id, &n);

    return n == 0 || !is_word((unsigned char)bytes[0]);
}

static bool
what_of_model(gb_session *s, const gb_stretch *c, const char *word,
              size_t n_word, bool exact, gb_error *err)
{
    const gb_node *n = c->node;
    uint32_t from = c->tokens, to = from + 1;
    uint32_t end = s->tree->path.data[n->depth].tokens;
    gb_event e = {.type = GB_EVENT_PICK, .placed = true,
                  .why = GB_WHY_UNKNOWN};
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    const char *bytes;
    size_t size;
    bool ok;

    while (from > 0 && !begins_word(s, n->tokens[from].id))
        from--;
    while (to < end && !begins_word(s, n->tokens[to].id))
        to++;
    bytes = gb_tokenizer_bytes(s->model->tokenizer, n->tokens[from].id, &size);
    if (!exact && size > 0 && bytes[0] == ' ')
        gb_str_putc(&text, ' ');
    gb_str_append(&text, word, n_word);
    ok = gb_tokenizer_encode(s->model->tokenizer, text.data, text.len, false,
                             &ids, err);
    e.place = gb_stretch_before(&(gb_stretch){c->node, from});
    e.ids = ids.data;
    e.n_ids = ids.len;
    if (ok)
        plan_rest(s, n->depth, to);
    ok = ok && gb_session_emit(s, &e, err) && gb_session_make_room(s, err);
    gb_str_free(&text);
    gb_ids_free(&ids);
    return ok;
}

bool
gb_verb_what(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_place before = gb_tree_place(s->tree);
    gb_str text = GB_STR_INIT;
    gb_stretch c;
    bool exact, ok;

    (void)out;
    ok = gb_steer_need(s, &c, err) && typed_text(arg, &text, &exact, err);
    if (ok && c.node->role == GB_ROLE_USER)
        ok = what_of_user(s, &c, text.data, text.len, err);
    else if (ok)
        ok = what_of_model(s, &c, text.data, text.len, exact, err);
    gb_str_free(&text);
    if (!ok) {
        gb_session_drop_script(s);
        return false;
    }
    s->before = before;
    s->has_cursor = false;
    return true;
}

/* Editing a turn. */

/* The stretches around index i in which the model has the word. */
static void
find_turn(const gb_path *path, size_t i, size_t *from, size_t *to)
{
    *from = i;
    *to = i + 1;
    while (*from > 0 && path->data[*from - 1].node->role != GB_ROLE_USER)
        --*from;
    while (*to < path->len && path->data[*to].node->role != GB_ROLE_USER)
        ++*to;
}

/* The last place in a turn of the model up to which its text and the new one
 * are the same, and how much of that is before it. A character that several
 * tokens make is not left half. */
static gb_place
common_place(const gb_session *s, size_t from, size_t to, const gb_str *text,
             size_t *same)
{
    const gb_node *n = s->tree->path.data[from].node;
    gb_place place = gb_node_before(n);
    const gb_stretch *st;
    size_t begin = 0, end;
    uint32_t k;

    *same = 0;
    for (; from < to; from++) {
        st = &s->tree->path.data[from];
        for (k = 0; k < gb_steer_counted(st); k++) {
            end = st->node->tokens[k].end;
            if (begin + end > text->len ||
                memcmp(gb_str_cstr(text) + begin,
                       gb_str_cstr(&st->node->text), end) != 0)
                return place;
            if (begin + end <= *same)
                continue;
            *same = begin + end;
            place = (gb_place){st->node->id, k + 1};
        }
        if (gb_steer_counted(st) > 0)
            begin += gb_node_bytes(st->node, st->tokens);
    }
    return place;
}

/* What is new is taken instead of what stood there. */
static bool
edit_model(gb_session *s, size_t i, const char *arg, gb_str *out,
           gb_error *err)
{
    gb_event e = {.type = GB_EVENT_PICK, .placed = true,
                  .why = GB_WHY_UNKNOWN};
    const gb_path *path = &s->tree->path;
    gb_str text = GB_STR_INIT;
    gb_ids ids = GB_IDS_INIT;
    size_t from, to, same;
    bool ok = true;

    find_turn(path, i, &from, &to);
    while (gb_steer_counted(&path->data[from]) == 0)
        from++;
    /* A line is typed without the space that the text began with. */
    if (path->data[from].node->text.len > 0 && arg[0] != ' ' &&
        path->data[from].node->text.data[0] == ' ')
        gb_str_putc(&text, ' ');
    gb_str_puts(&text, arg);
    e.place = common_place(s, from, to, &text, &same);
    if (same < text.len) {
        ok = gb_tokenizer_encode(s->model->tokenizer, text.data + same,
                                 text.len - same, false, &ids, err);
        e.ids = ids.data;
        e.n_ids = ids.len;
    } else {
        e.type = GB_EVENT_GO;
        gb_str_puts(out, "the text ends here now; /continue goes on");
    }
    ok = ok && gb_session_do(s, &e, 0, err);
    gb_str_free(&text);
    gb_ids_free(&ids);
    return ok;
}

bool
gb_verb_edit(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_EDIT, .text = arg, .n_text = strlen(arg)};
    gb_stretch c;
    bool ok;

    if (arg[0] == '\0')
        return gb_fail_usage(err, "expected a text in place of the one at the "
                             "cursor, found none");
    if (!gb_steer_at(s, gb_steer_cursor(s), &c)) {
        ok = gb_session_do(s, &e, 0, err);
    } else if (c.node->role == GB_ROLE_MODEL) {
        ok = edit_model(s, c.node->depth, arg, out, err);
    } else {
        e.placed = true;
        e.place = (gb_place){c.node->id, c.node->n_tokens};
        ok = gb_session_do(s, &e, 0, err);
    }
    s->has_cursor = s->has_cursor && !ok;
    return ok;
}
