#include "tui/tree_rows.h"

#include <inttypes.h>
#include <string.h>

#include "base/cells.h"
#include "base/utf8.h"

/* Lines are drawn for so many forks, one beside the other; what lies deeper
 * stands where these end. */
#define DEEPEST 12u

/* Columns that labels may take from the texts. */
#define LABEL_MOST 44u

static unsigned
depth_of(const gb_tree_rows *r, size_t i)
{
    unsigned base = r->tree->data[r->first].depth;
    unsigned depth = r->tree->data[r->first + i].depth - base;

    return depth < DEEPEST ? depth : DEEPEST;
}

/* Does the line at a level go on below row i? Down to another fork of the
 * same place, or to what follows the text that they leave. */
static bool
goes_on(const gb_tree_rows *r, size_t i, unsigned level)
{
    const gb_seen_branch *b;
    unsigned depth;

    for (i++; i < r->len; i++) {
        b = &r->tree->data[r->first + i];
        depth = depth_of(r, i);
        if (depth > level)
            continue;
        if (depth == level && !b->forks)
            continue;
        return depth == level || (depth + 1 == level && !b->forks);
    }
    return false;
}

static void
put_lines(const gb_tree_rows *r, size_t i, gb_row *row)
{
    const gb_seen_branch *b = &r->tree->data[r->first + i];
    unsigned depth = depth_of(r, i), level;
    bool more, own;

    for (level = 1; level <= depth; level++) {
        more = goes_on(r, i, level);
        own = level == depth && b->forks && i > 0;
        if (own)
            gb_row_puts(row, GB_STYLE_RULE,
                        more ? gb_row_sign(row, "├─", "|-")
                             : gb_row_sign(row, "└─", "`-"));
        else
            gb_row_puts(row, GB_STYLE_RULE,
                        more ? gb_row_sign(row, "│ ", "| ") : "  ");
    }
    if (r->first + i == r->current)
        gb_row_puts(row, GB_STYLE_WARN, gb_row_sign(row, "◉", "@"));
    else if (b->on_path)
        gb_row_puts(row, GB_STYLE_MARK, gb_row_sign(row, "●", "*"));
    else
        gb_row_puts(row, GB_STYLE_FAINT, gb_row_sign(row, "○", "o"));
}

/* Seeds that jumps have led to have twenty digits: the last four tell them
 * apart. */
#define LONG_SEED 1000000

static void
put_settings(const gb_seen_branch *b, gb_row *row)
{
    gb_str text = GB_STR_INIT;
    uint64_t seed = b->settings.seed;

    if (b->settings.greedy) {
        gb_str_puts(&text, " greedy");
    } else {
        gb_str_puts(&text, " T ");
        gb_settings_get(&b->settings, "temperature", &text);
        if (seed < LONG_SEED)
            gb_str_printf(&text, " seed %" PRIu64, seed);
        else
            gb_str_printf(&text, " seed %s%04" PRIu64,
                          gb_row_sign(row, "…", "~"), seed % 10000);
    }
    gb_row_puts(row, GB_STYLE_PLAIN, gb_str_cstr(&text));
    gb_str_free(&text);
}

static void
put_label(const gb_seen_branch *b, gb_row *row)
{
    if (b->name != NULL)
        gb_row_printf(row, GB_STYLE_KEY, " \"%s\"", b->name);
    if (b->forks && b->early)
        gb_row_printf(row, GB_STYLE_MARK, " %s%" PRIu32,
                      gb_row_sign(row, "┬", "at "), b->at);
    if (b->role == GB_ROLE_NOTE)
        gb_row_puts(row, GB_STYLE_FAINT, " note");
    else if (b->role == GB_ROLE_USER)
        gb_row_puts(row, GB_STYLE_FAINT, " >");
    else if (b->source == GB_SOURCE_PICKED)
        gb_row_puts(row, GB_STYLE_MARK, " picked");
    if (b->source == GB_SOURCE_WHAT)
        gb_row_puts(row, GB_STYLE_MARK, " what if");
    if (b->role == GB_ROLE_MODEL)
        put_settings(b, row);
}

static unsigned
label_width(const gb_tree_rows *r, size_t i)
{
    gb_row row;
    unsigned used;

    gb_row_init(&row, LABEL_MOST, false);
    put_label(&r->tree->data[r->first + i], &row);
    used = row.used + 2 * depth_of(r, i) + 1;
    gb_row_free(&row);
    return used < LABEL_MOST ? used : LABEL_MOST;
}

/* Has the place where a branch begins been left by the one listed before it
 * that leaves the same text? */
static bool
is_left_before(const gb_seen_tree *t, size_t i)
{
    const gb_seen_branch *b = &t->data[i], *c;

    while (i-- > 0) {
        c = &t->data[i];
        if (c->depth + 1 == b->depth)
            return false;
        if (c->depth == b->depth && c->forks)
            return c->at == b->at;
    }
    return false;
}

static void
count(gb_tree_rows *r)
{
    const gb_seen_tree *t = r->tree;
    bool left;
    size_t i;

    r->takes = t->len > 0 ? 1 : 0;
    r->places = 0;
    for (i = 0; i < t->len; i++) {
        if (!t->data[i].forks)
            continue;
        left = is_left_before(t, i);
        r->takes += left || t->data[i].early ? 1 : 0;
        r->places += left ? 0 : 1;
    }
}

void
gb_tree_rows_set(gb_tree_rows *r, const gb_seen_tree *tree, uint32_t alone)
{
    size_t i, end;
    unsigned width;

    *r = (gb_tree_rows){.tree = tree, .len = tree->len, .current = GB_NONE};
    for (i = 0; i < tree->len; i++)
        if (tree->data[i].on_path)
            r->current = i;
    count(r);
    for (i = 0; i < tree->len && tree->data[i].node != alone; i++)
        continue;
    if (i < tree->len) {
        for (end = i + 1; end < tree->len; end++)
            if (tree->data[end].depth < tree->data[i].depth ||
                (tree->data[end].depth == tree->data[i].depth &&
                 tree->data[end].forks))
                break;
        r->first = i;
        r->len = end - i;
    }
    for (i = 0; i < r->len; i++) {
        width = label_width(r, i);
        r->label = width > r->label ? width : r->label;
    }
}

void
gb_tree_rows_put(const gb_tree_rows *r, size_t i, gb_row *row)
{
    const gb_seen_branch *b = &r->tree->data[r->first + i];
    unsigned label = r->label < row->width / 2 ? r->label : row->width / 2;
    unsigned start = row->used;
    gb_str text = GB_STR_INIT;
    const char *p = gb_str_cstr(&b->text);

    put_lines(r, i, row);
    put_label(b, row);
    if (row->used < start + label)
        gb_row_pad(row, start + label);
    gb_row_puts(row, GB_STYLE_PLAIN, "  ");
    p += strspn(p, " \n");
    gb_utf8_line(&text, p, strlen(p), row->width * (size_t)4);
    gb_row_puts(row, b->role == GB_ROLE_USER ? GB_STYLE_USER
                                             : GB_STYLE_PLAIN,
                gb_str_cstr(&text));
    gb_str_free(&text);
}

size_t
gb_tree_rows_find(const gb_tree_rows *r, uint32_t node)
{
    size_t i;

    for (i = 0; i < r->len; i++)
        if (r->tree->data[r->first + i].node == node)
            return i;
    return 0;
}
