/* Going about in the tree of takes. */
#include "base/number.h"
#include "session/steer.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "sample/rng.h"
#include "session/seen.h"
#include "session/several.h"

/* Takes. */

static void
one_line(const gb_str *text, size_t limit, gb_str *out)
{
    gb_str line = GB_STR_INIT;

    gb_utf8_line(&line, gb_str_cstr(text), text->len, limit);
    gb_utf8_visible(out, gb_str_cstr(&line), line.len, false);
    gb_str_free(&line);
}

void
gb_steer_take_text(const gb_session *s, const gb_take *take, size_t limit,
                   gb_str *out)
{
    gb_path path = {0};
    const gb_stretch *st;
    size_t i, from, to;

    gb_tree_path(s->tree, take->end, &path);
    for (i = take->node->depth; i < path.len && out->len <= limit; i++) {
        st = &path.data[i];
        from = st->node == take->node ? gb_node_bytes(st->node, take->from)
                                      : 0;
        to = gb_node_bytes(st->node, st->tokens);
        if (st->node->role != GB_ROLE_NOTE && !st->node->hidden && to > from)
            gb_str_append(out, gb_str_cstr(&st->node->text) + from, to - from);
    }
    gb_path_free(&path);
}

static void
preview(const gb_session *s, const gb_take *take, size_t limit, gb_str *out)
{
    gb_str text = GB_STR_INIT;

    gb_steer_take_text(s, take, limit, &text);
    one_line(&text, limit, out);
    gb_str_free(&text);
}

#define GB_PREVIEW 60

/* "5 fox: (seed 0, T 0.8) " */
static void
describe_node(uint32_t id, const char *name, gb_role role,
              const gb_settings *settings, gb_str *out)
{
    gb_str_printf(out, "%u ", id);
    if (name != NULL) {
        gb_utf8_visible(out, name, strlen(name), false);
        gb_str_puts(out, ": ");
    }
    if (role == GB_ROLE_MODEL) {
        gb_str_printf(out, "(seed %llu, ", (unsigned long long)settings->seed);
        if (settings->greedy) {
            gb_str_puts(out, "greedy");
        } else {
            gb_str_puts(out, "T ");
            gb_settings_get(settings, "temperature", out);
        }
        gb_str_puts(out, ") ");
    } else if (role == GB_ROLE_USER) {
        gb_str_puts(out, "> ");
    }
}

bool
gb_verb_takes(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_take *list;
    size_t current = 0, n = gb_tree_takes(s->tree, &list, &current), i;
    const gb_node *node;

    (void)arg;
    if (n == 0)
        return gb_fail_usage(err, "there is one take only: /again and "
                             "/reseed make others");
    for (i = 0; i < n; i++) {
        gb_str_printf(out, "%c %zu  ", i == current ? '*' : ' ', i + 1);
        node = list[i].node;
        describe_node(node->id,
                      gb_tree_name(s->tree,
                                   (gb_place){node->id, node->n_tokens}),
                      node->role, &node->settings, out);
        preview(s, &list[i], GB_PREVIEW, out);
        gb_str_putc(out, '\n');
    }
    free(list);
    return true;
}

/* Several at once, each with the seed behind the one before. */
bool
gb_verb_write_takes(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    const gb_tree *t = s->tree;
    const gb_run *last = gb_tree_last_run(t);
    gb_event e = {.type = GB_EVENT_RUN, .how = GB_HOW_RESEED, .placed = true};
    uint64_t n, i;

    (void)out;
    if (!gb_parse_u64(arg, &n) || n < 1 || n > GB_TAKES_MOST)
        return gb_fail_usage(err, "expected how many takes are to be written, "
                             "1 to %d, found %s", GB_TAKES_MOST, arg);
    if (last == NULL)
        return gb_fail_usage(err, "there is no text of the model to write "
                             "again");
    if (t->settings.greedy)
        return gb_fail_usage(err, "greedy takes would all be the same");
    e.place = last->from;
    gb_session_drop_script(s);
    for (i = 1; i <= n; i++) {
        e.seed = gb_seed_jump(t->settings.seed, i);
        gb_session_plan(s, &e);
    }
    s->n_ahead = n;
    return true;
}

static bool
go_to(gb_session *s, gb_place place, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_GO, .place = place};

    s->has_cursor = false;
    return gb_session_emit(s, &e, err);
}

bool
gb_verb_take(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_take *list;
    size_t current = 0, n = gb_tree_takes(s->tree, &list, &current), to;
    uint64_t number;
    bool ok = true;

    if (n == 0)
        return gb_fail_usage(err, "there is one take only: /again and "
                             "/reseed make others");
    if (arg[0] == '\0' || strcmp(arg, "next") == 0)
        to = (current + 1) % n;
    else if (strcmp(arg, "prev") == 0)
        to = (current + n - 1) % n;
    else if (gb_parse_u64(arg, &number) && number >= 1 && number <= n)
        to = (size_t)number - 1;
    else {
        free(list);
        return gb_fail_usage(err, "expected 1 to %zu, next or prev, found %s",
                             n, arg);
    }
    if (to != current)
        ok = go_to(s, list[to].end, err);
    if (ok)
        gb_str_printf(out, "take %zu of %zu", to + 1, n);
    free(list);
    return ok;
}

bool
gb_steer_find_take(const gb_session *s, const char *text, gb_place *place,
                   gb_error *err)
{
    gb_take *list = NULL;
    size_t current = 0, n = gb_tree_takes(s->tree, &list, &current);
    uint64_t number;
    bool ok = gb_parse_u64(text, &number) && number >= 1 && number <= n;

    if (ok)
        *place = list[number - 1].end;
    else
        gb_fail_usage(err, "expected a take from 1 to %zu, found %s", n,
                      text[0] != '\0' ? text : "none");
    free(list);
    return ok;
}

bool
gb_steer_find_place(const gb_session *s, const char *text, gb_place *place,
                    gb_error *err)
{
    const gb_node *n;
    uint64_t number;

    if (gb_tree_named(s->tree, text, place))
        return true;
    if (!gb_parse_u64(text, &number) || number > UINT32_MAX)
        return gb_fail_usage(err, "there is no place named \"%s\"; /tree "
                             "shows names and numbers", text);
    n = gb_tree_node(s->tree, (uint32_t)number);
    if (n == NULL && number > 0)
        return gb_fail_usage(err, "there is no node %s; /tree shows them",
                             text);
    *place = n != NULL ? (gb_place){n->id, n->n_tokens} : (gb_place){0, 0};
    return true;
}

bool
gb_verb_go(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_place place;

    (void)out;
    return gb_steer_find_place(s, arg, &place, err) && go_to(s, place, err);
}

bool
gb_verb_name(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_NAME, .text = arg, .n_text = strlen(arg)};

    (void)out;
    e.place = gb_tree_place(s->tree);
    if (e.place.node == 0)
        return gb_fail_usage(err, "there is nothing here to name");
    return gb_session_emit(s, &e, err);
}

/* The tree as an indented list. */

static void
list_branch(const gb_seen_branch *b, gb_str *out)
{
    gb_str_putc(out, b->on_path ? '*' : ' ');
    gb_str_printf(out, "%*s", (int)(b->depth < 30 ? b->depth : 30) * 2, "");
    if (b->forks && b->early)
        gb_str_printf(out, "at %u: ", b->at);
    else if (b->forks)
        gb_str_puts(out, "- ");
    describe_node(b->node, b->name, b->role, &b->settings, out);
    if (b->role == GB_ROLE_NOTE)
        gb_str_puts(out, ".. ");
    one_line(&b->text, GB_PREVIEW, out);
    gb_str_putc(out, '\n');
}

bool
gb_verb_tree(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_seen_tree *tree;
    size_t i;

    (void)arg;
    if (s->tree->n_nodes == 0)
        return gb_fail_usage(err, "nothing has been written yet");
    tree = gb_seen_tree_of(s->tree);
    for (i = 0; i < tree->len; i++)
        list_branch(&tree->data[i], out);
    gb_seen_tree_free(tree);
    return true;
}

/* The settings that a place was written with. */
bool
gb_verb_as_written(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    const gb_stretch *end = s->tree->path.len > 0
                                ? &s->tree->path.data[s->tree->path.len - 1]
                                : NULL;
    gb_event e = {.type = GB_EVENT_SET};
    gb_str value = GB_STR_INIT;
    gb_stretch at_cursor;
    gb_settings then;
    bool ok = true;
    size_t i;

    (void)arg;
    if (gb_steer_at(s, gb_steer_cursor(s), &at_cursor))
        end = &at_cursor;
    if (end == NULL)
        return gb_fail_usage(err, "nothing has been written yet");
    then = end->node->settings;
    for (i = 0; gb_settings_names[i] != NULL && ok; i++) {
        e.name = gb_settings_names[i];
        if (!gb_settings_differ(&then, &s->tree->settings, i) ||
            strcmp(e.name, "seed") == 0)
            continue;
        gb_str_clear(&value);
        gb_settings_get(&then, e.name, &value);
        e.value = gb_str_cstr(&value);
        ok = gb_session_do(s, &e, 0, err);
        gb_str_printf(out, "%s%s %s", out->len > 0 ? ", " : "", e.name,
                      e.value);
    }
    if (ok && out->len == 0)
        gb_str_puts(out, "the settings are those it was written with");
    gb_str_free(&value);
    return ok;
}
