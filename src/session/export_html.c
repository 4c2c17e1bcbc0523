/* A session as one HTML file that needs nothing else: the text of the path,
 * each of the model's tokens with what is known of it, and the takes that part
 * from it. export.html is the page that is filled in; without its script all
 * is there but the card of a token. */
#include "session/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "session/chat.h"
#include "session/export_page.h"
#include "session/export_tokens.h"

/* Bytes of another take that are shown. */
#define MOST_OF_TAKE 4000

typedef struct page {
    gb_session *s;
    gb_str *out;
    gb_export_tokens tokens;
    size_t token;          /* the next one to come */
    const gb_settings *settings; /* of the text so far */
    gb_role speaker;       /* of the turn that is open; NOTE: none is */
    gb_mode mode;
    bool open, fresh;      /* a text is; nothing of it has been written */
} page;

static void
put_text(gb_str *out, const char *s, size_t n)
{
    gb_str visible = GB_STR_INIT;
    size_t i;

    gb_export_visible(s, n, &visible);
    for (i = 0; i < visible.len; i++)
        if (strchr("<>&\"'", visible.data[i]) != NULL)
            gb_str_printf(out, "&#%d;", visible.data[i]);
        else
            gb_str_putc(out, visible.data[i]);
    gb_str_free(&visible);
}

static void
put_string(gb_str *out, const char *s)
{
    put_text(out, s, strlen(s));
}

/* Tokens. */

/* Spaces before a word are not coloured, and none begin a text. */
static void
put_token(page *p, const gb_node *n, uint32_t k)
{
    const gb_export_token *t = &p->tokens.data[p->token++];
    size_t from = gb_node_bytes(n, k), to = gb_node_bytes(n, k + 1);
    const char *s, *kind = "";
    size_t spaces = 0;

    if (to < from)
        to = from;
    s = gb_str_cstr(&n->text) + from;
    while (spaces < to - from && (s[spaces] == ' ' || s[spaces] == '\n'))
        spaces++;
    if (!p->fresh)
        gb_str_append(p->out, s, spaces);
    p->fresh = p->fresh && spaces == to - from;
    if (gb_ends_has(&p->s->model->config.ends, n->tokens[k].id) && to == from)
        kind = " end";
    else if (spaces == to - from)
        kind = " blank";
    gb_export_token_open(t, kind, p->out);
    if (strcmp(kind, " end") == 0)
        gb_str_puts(p->out, "\xe2\x88\x8e");
    put_text(p->out, s + spaces, to - from - spaces);
    gb_str_puts(p->out, "</span>");
}

/* Takes. */

/* "seed 0, temperature 0.8, top-k 40" */
static void
put_settings(gb_str *out, const gb_settings *set)
{
    static const char *const filters[] = {"top-k", "top-p", "min-p"};
    gb_str value = GB_STR_INIT;
    size_t i;

    gb_str_printf(out, "seed\xc2\xa0%" PRIu64 " \xc2\xb7 ", set->seed);
    if (set->greedy) {
        gb_str_puts(out, "greedy");
    } else {
        gb_settings_get(set, "temperature", &value);
        gb_str_printf(out, "temperature\xc2\xa0%s", gb_str_cstr(&value));
    }
    for (i = 0; i < GB_COUNT(filters) && !set->greedy; i++) {
        gb_str_clear(&value);
        gb_settings_get(set, filters[i], &value);
        if (strcmp(gb_str_cstr(&value), "off") != 0)
            gb_str_printf(out, " \xc2\xb7 %s\xc2\xa0%s", filters[i],
                          gb_str_cstr(&value));
    }
    gb_str_free(&value);
}

static bool
is_shown(const gb_node *n)
{
    return !n->hidden && n->role != GB_ROLE_NOTE;
}

/* What a take says from where it parts on: at most so much. */
static void
put_take_text(gb_str *out, const gb_path *path, const gb_take *take)
{
    size_t left = MOST_OF_TAKE, i, from, to, end;
    const gb_stretch *st;
    const char *tag;

    for (i = take->node->depth; i < path->len && left > 0; i++) {
        st = &path->data[i];
        from = i == take->node->depth ? gb_node_bytes(st->node, take->from)
                                      : 0;
        to = end = gb_node_bytes(st->node, st->tokens);
        if (!is_shown(st->node) || to <= from)
            continue;
        tag = st->node->role == GB_ROLE_USER ? "b" : "span";
        if (st->node->mode == GB_MODE_CHAT && from == 0)
            gb_str_printf(out, "%s<i>%s</i>", out->len > 0 ? "\n" : "",
                          tag[0] == 'b' ? GB_CHAT_USER : GB_CHAT_MODEL);
        if (to - from > left)
            to = from + left;
        while (to < end && to > from &&
               ((unsigned char)st->node->text.data[to] & 0xc0) == 0x80)
            to--;
        left = to < end ? 0 : left - (to - from);
        gb_str_printf(out, "<%s>", tag);
        put_text(out, gb_str_cstr(&st->node->text) + from, to - from);
        gb_str_printf(out, "</%s>%s", tag, to < end ? "\xe2\x80\xa6" : "");
    }
}

/* False: it has no text. */
static bool
put_take(page *p, const gb_take *take)
{
    const char *name = gb_tree_name(p->s->tree, take->end);
    const gb_settings *set = &take->node->settings;
    gb_str text = GB_STR_INIT;
    gb_path path = {0};
    bool any;
    size_t i;

    gb_tree_path(p->s->tree, take->end, &path);
    for (i = take->node->depth; i < path.len; i++)
        if (path.data[i].node->role == GB_ROLE_MODEL) {
            set = &path.data[i].node->settings;
            break;
        }
    put_take_text(&text, &path, take);
    if (text.len > 0) {
        gb_str_printf(p->out, "<div class=\"take\"><p class=\"facts\" "
                      "title=\"/go %" PRIu32 "\">", take->end.node);
        if (name != NULL) {
            gb_str_puts(p->out, "<b>");
            put_string(p->out, name);
            gb_str_puts(p->out, "</b> \xc2\xb7 ");
        }
        put_settings(p->out, set);
        gb_str_printf(p->out, "</p><p>%s</p></div>", text.data);
    }
    any = text.len > 0;
    gb_path_free(&path);
    gb_str_free(&text);
    return any;
}

/* The takes that part from the path at a place, folded up behind a mark; `on`
 * is the child by which the path goes on, NULL: it ends there, or stays in the
 * node. */
static void
put_fork(page *p, const gb_node *n, uint32_t at, const gb_node *on, bool stays)
{
    const gb_node *c = n != NULL ? n->first : p->s->tree->first;
    gb_str takes = GB_STR_INIT, *out = p->out;
    size_t count = 0;

    p->out = &takes;
    for (; c != NULL; c = c->next)
        if (c->at == at && c != on)
            count += put_take(p, &(gb_take){c, 0, gb_node_end(c)});
    if (n != NULL && !stays && at < n->n_tokens)
        count += put_take(p, &(gb_take){n, at, gb_node_rest(n, at)});
    p->out = out;
    if (count > 0)
        gb_str_printf(out, "<details class=\"fork\"><summary title=\"%zu other "
                      "take%s here\"><svg aria-hidden=\"true\"><use "
                      "href=\"#fork\"/></svg>%zu</summary>%s</details>",
                      count, count > 1 ? "s part" : " parts", count,
                      takes.data);
    gb_str_free(&takes);
}

/* The text. */

static void
close_text(page *p)
{
    if (p->open)
        gb_str_puts(p->out, "</div>\n");
    p->open = false;
}

/* A text goes on, or another one begins: in chat with each speaker. */
static void
open_text(page *p, const gb_node *n)
{
    bool chat = n->mode == GB_MODE_CHAT && n->role != GB_ROLE_NOTE;

    if (p->open && n->role == GB_ROLE_NOTE)
        return;
    if (p->open && n->mode == p->mode && (!chat || n->role == p->speaker))
        return;
    close_text(p);
    gb_str_printf(p->out, "<div class=\"text%s\">",
                  !chat ? "" : n->role == GB_ROLE_USER ? " human" : " ai");
    if (chat)
        gb_str_printf(p->out, "<p class=\"who\">%s</p>",
                      n->role == GB_ROLE_USER ? "Human" : "AI");
    p->open = p->fresh = true;
    p->mode = n->mode;
    p->speaker = n->role;
}

/* What is said beside the text. */
static void
put_aside(page *p, const char *kind, const char *text, size_t n)
{
    gb_str_printf(p->out, "<span class=\"%s\">", kind);
    put_text(p->out, text, n);
    gb_str_puts(p->out, "</span>");
}

static void
put_changes(page *p, const gb_node *n)
{
    gb_str text = GB_STR_INIT;

    if (p->settings != NULL)
        gb_settings_differences(p->settings, &n->settings, &text);
    if (text.len > 0)
        put_aside(p, "mark", text.data, text.len);
    p->settings = &n->settings;
    gb_str_free(&text);
}

static void
put_user(page *p, const gb_node *n)
{
    size_t skip = p->fresh ? strspn(gb_str_cstr(&n->text), " \n") : 0;

    gb_str_puts(p->out, "<b>");
    put_text(p->out, gb_str_cstr(&n->text) + skip, n->text.len - skip);
    gb_str_puts(p->out, "</b>");
    p->fresh = p->fresh && skip == n->text.len;
}

/* The next place from k on where a child follows; UINT32_MAX: none. */
static uint32_t
next_fork(const gb_node *n, uint32_t k)
{
    uint32_t next = UINT32_MAX;
    const gb_node *c;

    for (c = n->first; c != NULL; c = c->next)
        if (c->at >= k && c->at < next)
            next = c->at;
    return next;
}

static void
put_model(page *p, const gb_stretch *st)
{
    uint32_t fork = next_fork(st->node, 0), k;

    if (gb_is_written(GB_ROLE_MODEL, st->node->tokens, st->tokens))
        put_changes(p, st->node);
    for (k = 0; k < st->tokens; k++) {
        if (k == fork) {
            put_fork(p, st->node, k, NULL, true);
            fork = next_fork(st->node, k + 1);
        }
        put_token(p, st->node, k);
    }
}

static void
put_path(page *p)
{
    const gb_path *path = &p->s->tree->path;
    const gb_node *next = path->len > 0 ? path->data[0].node : NULL;
    const gb_stretch *st;
    size_t i;

    if (next == NULL)
        put_fork(p, NULL, 0, NULL, false);
    for (i = 0; i < path->len; i++) {
        st = &path->data[i];
        if (!st->node->hidden &&
            (st->tokens > 0 || gb_node_bytes(st->node, st->tokens) > 0))
            open_text(p, st->node);
        if (i == 0)
            put_fork(p, NULL, 0, next, false);
        next = i + 1 < path->len ? st[1].node : NULL;
        if (st->node->role == GB_ROLE_NOTE && !st->node->hidden)
            put_aside(p, "mark note", gb_str_cstr(&st->node->text),
                      st->node->text.len);
        else if (st->node->role == GB_ROLE_USER && !st->node->hidden)
            put_user(p, st->node);
        else if (!st->node->hidden)
            put_model(p, st);
        put_fork(p, st->node, st->tokens, next, false);
    }
    close_text(p);
}

/* The page. */

#define TITLE_CELLS 56

/* The name of the place, or the first words (in chat those of the user). */
static void
put_title(page *p)
{
    const gb_tree *t = p->s->tree;
    const char *name = gb_tree_name(t, gb_tree_place(t));
    gb_str text = GB_STR_INIT, line = GB_STR_INIT;
    const gb_stretch *st;
    unsigned width = 0;
    size_t i, at = 0, cut = 0;
    gb_cell cell;

    if (name != NULL)
        gb_str_puts(&text, name);
    for (i = 0; name == NULL && i < t->path.len && text.len < 400; i++) {
        st = &t->path.data[i];
        if (!is_shown(st->node))
            continue;
        gb_str_append(&text, gb_str_cstr(&st->node->text),
                      gb_node_bytes(st->node, st->tokens));
        if (st->node->mode == GB_MODE_CHAT)
            break;
    }
    gb_utf8_line(&line, gb_str_cstr(&text), text.len, text.len);
    gb_str_drop(&line, strspn(gb_str_cstr(&line), " "));
    for (at = 0; at < line.len && width <= TITLE_CELLS; at += cell.bytes) {
        gb_cell_read(&cell, line.data + at, line.len - at, width, false);
        width += cell.width;
        if (line.data[at] == ' ')
            cut = at;
    }
    if (width <= TITLE_CELLS || cut == 0)
        cut = at;
    put_text(p->out, line.len > 0 ? line.data : "Nothing yet",
             line.len > 0 ? cut : strlen("Nothing yet"));
    if (cut < line.len)
        gb_str_puts(p->out, "\xe2\x80\xa6");
    gb_str_free(&line);
    gb_str_free(&text);
}

static void
put_date(page *p)
{
    static const char *const months[] = {
        "January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December",
    };
    gb_journal_reader *r = gb_session_reader(p->s, NULL);
    unsigned year, month, day;

    if (r != NULL &&
        sscanf(gb_journal_reader_header(r)->date, "%4u-%2u-%2u", &year, &month,
               &day) == 3 && month >= 1 && month <= 12)
        gb_str_printf(p->out, " \xc2\xb7 %u %s %u", day, months[month - 1],
                      year);
    gb_journal_reader_free(r);
}

/* Who wrote this, when, and with which settings. */
static void
put_facts(page *p)
{
    const gb_path *path = &p->s->tree->path;
    const gb_settings *set = &p->s->tree->settings;
    const gb_node *n;
    size_t i;

    for (i = path->len; i-- > 0;) {
        n = path->data[i].node;
        if (!n->hidden && gb_is_written(n->role, n->tokens, n->n_tokens))
            p->settings = set = &n->settings;
    }
    gb_str_puts(p->out, "<p class=\"facts\">");
    put_string(p->out, p->s->model->name);
    put_date(p);
    gb_str_puts(p->out, " \xc2\xb7 ");
    put_settings(p->out, set);
    gb_str_puts(p->out, "</p>\n");
}

static void
put_colophon(page *p)
{
    const gb_export_tokens *t = &p->tokens;

    gb_str_puts(p->out, "<p>Written by the model ");
    put_string(p->out, p->s->model->name);
    if (p->s->engine != NULL) {
        gb_str_puts(p->out, " on ");
        put_string(p->out,
                   gb_engine_get_info(p->s->engine)->device.name);
    }
    gb_str_puts(p->out, " with gumbel " PACKAGE_VERSION ". ");
    if (t->len > 0 && t->spectra == 0)
        gb_str_puts(p->out, "Spectra of the tokens are not in this file. ");
    else if (t->spectra < t->len)
        gb_str_printf(p->out, "Spectra are given for %zu of %zu tokens. ",
                      t->spectra, t->len);
    gb_str_puts(p->out, "The same model, seed and settings write the same "
                "text again.</p>\n");
}

static void
put_data(page *p)
{
    gb_export_tokens_json(p->s, &p->tokens, p->out);
}

static const struct {
    const char *name;
    void (*put)(page *p);
} places[] = {
    {"title", put_title}, {"facts", put_facts}, {"story", put_path},
    {"colophon", put_colophon}, {"data", put_data},
};
#define PLACE "<!--gumbel:"
#define PLACE_END "-->"

static void
fill_in(page *p, const char *name, size_t n)
{
    size_t i;

    for (i = 0; i < GB_COUNT(places); i++)
        if (strlen(places[i].name) == n &&
            memcmp(places[i].name, name, n) == 0)
            places[i].put(p);
}

static void
put_page(page *p)
{
    const char *at = gb_export_page, *place;

    while ((place = strstr(at, PLACE)) != NULL) {
        gb_str_append(p->out, at, (size_t)(place - at));
        place += strlen(PLACE);
        at = strstr(place, PLACE_END);
        fill_in(p, place, (size_t)(at - place));
        at += strlen(PLACE_END);
    }
    gb_str_puts(p->out, at);
}

bool
gb_export_html(gb_session *s, const gb_exporting *how, gb_str *out,
               gb_error *err)
{
    page p = {.s = s, .out = out, .speaker = GB_ROLE_NOTE};
    bool ok = gb_export_tokens_find(s, how, &p.tokens, err);

    if (ok)
        put_page(&p);
    if (ok && how != NULL && how->said != NULL &&
        p.tokens.spectra < p.tokens.len)
        gb_str_printf(how->said, ", with the spectra of %zu of %zu tokens",
                      p.tokens.spectra, p.tokens.len);
    gb_export_tokens_free(&p.tokens);
    return ok;
}
