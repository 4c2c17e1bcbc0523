#include "session/history_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Makes another branch the current one. */
void
gb_history_move(gb_history *h, gb_node *tip)
{
    h->view_known = h->view_known && tip == h->tip;
    h->tip = tip;
}

/* Nodes at the tip. */

gb_node *
gb_history_add(gb_history *h, gb_role role, bool hidden)
{
    gb_node *n = gb_tree_add(&h->tree, h->tip, role, hidden);

    n->segment.mode = n->mode = h->mode;
    n->settings = h->settings;
    n->step_before = h->step;
    n->seed_before = h->settings.seed;
    h->tip = n;
    h->view_known = false;
    return n;
}

/* A node is complete, but for the text that may still grow. */
void
gb_history_added(gb_history *h, gb_node *n)
{
    gb_node_settle(n);
    if (!n->hidden)
        h->made += GB_SEGMENT_COST + n->segment.text.len;
}

void
gb_history_mark(gb_history *h, const char *text, size_t n)
{
    gb_node *mark = gb_history_add(h, GB_ROLE_MARK, false);

    gb_utf8_clean(&mark->segment.text, text, n, true);
    gb_history_added(h, mark);
}

/* The value that the branch up to n shows for a setting. */
static char *
value_at(const gb_history *h, const gb_node *n, const char *name)
{
    const gb_settings *s = n != NULL ? &n->settings : &h->root_settings;
    gb_str value = GB_STR_INIT;

    gb_settings_get(s, name, &value);
    return gb_str_take(&value);
}

/* Marks that `name` has changed since the tip. A mark for the same setting
 * right before it is replaced: what counts is what the next token sees. */
void
gb_history_mark_setting(gb_history *h, const char *name)
{
    gb_node *mark, *last = h->tip;
    char *before, *now;
    bool is_seed = strcmp(name, "seed") == 0;
    gb_str text = GB_STR_INIT, value = GB_STR_INIT;

    if (last->changed == name)
        gb_history_move(h, last->prev);
    before = value_at(h, h->tip, name);
    gb_settings_get(&h->settings, name, &value);
    now = gb_str_take(&value);
    if (strcmp(before, now) != 0)
        gb_str_printf(&text, "%s %s → %s", name, before, now);
    else if (is_seed)
        gb_str_printf(&text, "seed %s from its beginning", now);
    if (text.len > 0 && h->tip != NULL) {
        gb_history_mark(h, text.data, text.len);
        mark = h->tip;
        mark->changed = name;
    }
    if (h->tip == NULL)
        h->root_settings = h->settings;
    gb_str_free(&text);
    free(before);
    free(now);
}

void
gb_history_mark_mode(gb_history *h)
{
    gb_mode before = h->tip != NULL ? h->tip->mode : h->root_mode;
    char *text = gb_format("mode %s → %s", gb_mode_name(before),
                           gb_mode_name(h->mode));

    if (h->tip == NULL)
        h->root_mode = h->mode;
    else if (before != h->mode)
        gb_history_mark(h, text, strlen(text));
    free(text);
}

/* After a jump: settings stay as they are, or came with it; where the branch
 * says otherwise, marks say so. */
void
gb_history_mark_differences(gb_history *h)
{
    char *before, *now;
    bool same;
    size_t i;

    if (h->tip == NULL) {
        h->root_settings = h->settings;
        h->root_mode = h->mode;
        return;
    }
    same = gb_settings_same(&h->settings, &h->tip->settings);
    for (i = 0; !same && gb_settings_names[i] != NULL; i++) {
        gb_str value = GB_STR_INIT;

        before = value_at(h, h->tip, gb_settings_names[i]);
        gb_settings_get(&h->settings, gb_settings_names[i], &value);
        now = gb_str_take(&value);
        if (strcmp(before, now) != 0)
            gb_history_mark_setting(h, gb_settings_names[i]);
        free(before);
        free(now);
    }
    gb_history_mark_mode(h);
    gb_history_tell_settings(h);
}
