#include "session/steer.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "session/list.h"

/* The cursor. */

/* Tokens that count: those of texts that are shown. */
uint32_t
gb_steer_counted(const gb_stretch *s)
{
    return s->node->hidden || s->node->role == GB_ROLE_NOTE ? 0 : s->tokens;
}

uint64_t
gb_steer_tokens(const gb_session *s)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++)
        n += gb_steer_counted(&s->tree->path.data[i]);
    return n;
}

uint64_t
gb_steer_cursor(const gb_session *s)
{
    const gb_stretch *st;
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        if (s->has_cursor && st->node->id == s->cursor.node &&
            s->cursor.tokens < st->tokens)
            return n + s->cursor.tokens;
        n += gb_steer_counted(st);
    }
    return n;
}

bool
gb_steer_at(const gb_session *s, uint64_t number, gb_stretch *at)
{
    const gb_stretch *st;
    size_t i;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        if (number < gb_steer_counted(st)) {
            *at = (gb_stretch){st->node, (uint32_t)number};
            return true;
        }
        number -= gb_steer_counted(st);
    }
    return false;
}

static void
set_cursor(gb_session *s, uint64_t number)
{
    gb_stretch at;

    s->has_cursor = gb_steer_at(s, number, &at);
    if (s->has_cursor)
        s->cursor = (gb_place){at.node->id, at.tokens};
}

bool
gb_steer_need(const gb_session *s, gb_stretch *at, gb_error *err)
{
    return gb_steer_at(s, gb_steer_cursor(s), at) ||
           gb_fail_usage(err, "the cursor is at the end: /at N goes to a "
                         "token");
}

void
gb_steer_quote(const gb_session *s, gb_token id, gb_str *out)
{
    size_t n;
    const char *bytes = gb_tokenizer_bytes(s->model->tokenizer, id, &n);

    gb_utf8_quote(out, bytes, n);
}

/* "token 31 of 47: " bird", node 5" */
static void
describe_cursor(const gb_session *s, gb_str *out)
{
    uint64_t number = gb_steer_cursor(s), all = gb_steer_tokens(s);
    gb_stretch at;

    if (!gb_steer_at(s, number, &at)) {
        gb_str_printf(out, "the end, behind %llu tokens",
                      (unsigned long long)all);
        return;
    }
    gb_str_printf(out, "token %llu of %llu: ", (unsigned long long)number,
                  (unsigned long long)all);
    gb_steer_quote(s, at.node->tokens[at.tokens].id, out);
}

/* A whole number with a sign, or not. */
static bool
parse_number(const char *text, bool *negative, bool *sign, uint64_t *value)
{
    *sign = text[0] == '+' || text[0] == '-';
    *negative = text[0] == '-';
    return gb_parse_u64(text + (*sign ? 1 : 0), value);
}

static bool
at(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    uint64_t all = gb_steer_tokens(s), here = gb_steer_cursor(s), n;
    bool negative, sign;

    if (strcmp(arg, "end") == 0)
        set_cursor(s, all);
    else if (strcmp(arg, "next") == 0)
        set_cursor(s, here < all ? here + 1 : all);
    else if (strcmp(arg, "prev") == 0)
        set_cursor(s, here > 0 ? here - 1 : 0);
    else if (arg[0] != '\0') {
        if (!parse_number(arg, &negative, &sign, &n) || (sign && !negative))
            return gb_fail_usage(err, "expected the number of a token, next, "
                                 "prev or end, found %s", arg);
        if (n > all || (!negative && n == all))
            return gb_fail_usage(err, "there is no token %s: the "
                                 "conversation has %llu", arg,
                                 (unsigned long long)all);
        set_cursor(s, negative ? all - n : n);
    }
    describe_cursor(s, out);
    return true;
}

/* Jumps. */

typedef bool property(const gb_session *s, const gb_stretch *at,
                      const void *arg);

/* Goes to the next token of this kind, or to the one before. From the end on
 * the next one is the first. */
static bool
jump(gb_session *s, const char *arg, property *is, const void *with,
     const char *what, gb_str *out, gb_error *err)
{
    uint64_t here = gb_steer_cursor(s), number = 0, found = UINT64_MAX;
    bool back = strcmp(arg, "prev") == 0, first;
    gb_stretch st;
    size_t i;

    if (!back && arg[0] != '\0' && strcmp(arg, "next") != 0)
        return gb_fail_usage(err, "expected next or prev, found %s", arg);
    first = here == gb_steer_tokens(s);
    for (i = 0; i < s->tree->path.len; i++) {
        st = (gb_stretch){s->tree->path.data[i].node, 0};
        for (; st.tokens < gb_steer_counted(&s->tree->path.data[i]);
             st.tokens++, number++) {
            if (back ? number >= here
                     : found != UINT64_MAX || (number <= here && !first))
                continue;
            if (is(s, &st, with))
                found = number;
        }
    }
    if (found == UINT64_MAX)
        return gb_fail(err, "there is no %s %s", back ? "earlier" : "later",
                       what);
    set_cursor(s, found);
    describe_cursor(s, out);
    return true;
}

/* What a keypress changes the temperature by. */
#define GB_FORK_STEP 0.1f

static bool
is_fork(const gb_session *s, const gb_stretch *st, const void *arg)
{
    const gb_why *w = &st->node->tokens[st->tokens].why;
    float t = st->node->settings.temperature;

    (void)s, (void)arg;
    return t - GB_FORK_STEP < w->from || t + GB_FORK_STEP > w->to;
}

static bool
fork_verb(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    return jump(s, arg, is_fork, NULL, "token that a change of the "
                "temperature by 0.1 would turn", out, err);
}

static int
compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static bool
is_unsure(const gb_session *s, const gb_stretch *st, const void *arg)
{
    (void)s;
    return st->node->tokens[st->tokens].why.entropy > *(const float *)arg;
}

/* The upper quartile of the entropies of what the model wrote. */
static float
entropy_quartile(const gb_session *s)
{
    size_t all = gb_steer_tokens(s), n = 0, i, k;
    float *list = gb_alloc_array(all, sizeof *list), q, e;
    const gb_stretch *st;

    for (i = 0; i < s->tree->path.len; i++) {
        st = &s->tree->path.data[i];
        for (k = 0; k < gb_steer_counted(st); k++) {
            e = st->node->tokens[k].why.entropy;
            if (isfinite(e))
                list[n++] = e;
        }
    }
    qsort(list, n, sizeof *list, compare_floats);
    q = n > 0 ? list[n * 3 / 4] : INFINITY;
    free(list);
    return q;
}

static bool
unsure(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    float q = entropy_quartile(s);

    return jump(s, arg, is_unsure, &q, "unsure token", out, err);
}

/* Whether another take leaves the text right before this token. */
static bool
is_parting(const gb_session *s, const gb_stretch *st, const void *arg)
{
    (void)arg;
    return gb_tree_ways(s->tree, gb_stretch_before(st)) > 1;
}

static bool
differ(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    return jump(s, arg, is_parting, NULL, "place where takes part", out, err);
}

/* From the cursor on. */

static bool
again(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_event e = {.type = GB_EVENT_RUN, .how = GB_HOW_AGAIN};
    gb_stretch c;

    if (strcmp(arg, "here") == 0) {
        if (!gb_steer_need(s, &c, err))
            return false;
        if (c.node->role != GB_ROLE_MODEL)
            return gb_fail_usage(err, "the token at the cursor is yours: "
                                 "/edit changes it");
        e.placed = true;
        e.place = gb_stretch_before(&c);
    } else if (arg[0] != '\0') {
        return gb_fail_usage(err, "expected here or nothing, found %s", arg);
    }
    s->has_cursor = false;
    if (!gb_session_do(s, &e, 0, err))
        return false;
    if (!gb_session_is_writing(s))
        gb_str_puts(out, "identical: nothing has changed since this was "
                    "written");
    return true;
}

/* The sessions that are kept. */

bool
gb_steer_forget(const gb_session *s, const char *name, gb_str *out,
                gb_error *err)
{
    const char *own = s != NULL ? gb_session_path(s) : NULL;
    gb_list list;
    bool ok;

    if (!gb_list_read(&list, err))
        return false;
    ok = gb_list_remove(&list, &name, 1, own, err);
    if (ok)
        gb_str_printf(out, "session %s is deleted", name);
    gb_list_free(&list);
    return ok;
}

static bool
sessions(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    gb_list list;

    if (strncmp(arg, "rm ", 3) == 0 && arg[3 + strspn(arg + 3, " ")] != '\0')
        return gb_steer_forget(s, arg + 3 + strspn(arg + 3, " "), out, err);
    if (arg[0] != '\0')
        return gb_fail_usage(err, "expected rm and the number or file of a "
                             "session, or nothing, found %s", arg);
    if (!gb_list_read(&list, err))
        return false;
    if (list.len == 0)
        gb_str_puts(out, "no session is kept yet");
    gb_list_describe(&list);
    gb_list_format(&list, out);
    gb_list_free(&list);
    return true;
}

static const gb_steer table[] = {
    {"takes", gb_verb_write_takes, GB_WHEN_STOP, true},
    {"at", at, GB_WHEN_NOW, false},
    {"fork", fork_verb, GB_WHEN_NOW, false},
    {"unsure", unsure, GB_WHEN_NOW, false},
    {"differ", differ, GB_WHEN_NOW, false},
    {"why", gb_verb_why, GB_WHEN_NOW, false},
    {"takes", gb_verb_takes, GB_WHEN_NOW, false},
    {"tree", gb_verb_tree, GB_WHEN_NOW, false},
    {"name", gb_verb_name, GB_WHEN_NOW, false},
    {"as-written", gb_verb_as_written, GB_WHEN_NOW, false},
    {"sessions", sessions, GB_WHEN_NOW, false},
    {"compare", gb_verb_compare, GB_WHEN_NOW, false},
    {"sweep", gb_verb_sweep, GB_WHEN_IDLE, false},
    {"take", gb_verb_take, GB_WHEN_STOP, false},
    {"go", gb_verb_go, GB_WHEN_STOP, false},
    {"again", again, GB_WHEN_STOP, false},
    {"what", gb_verb_what, GB_WHEN_STOP, false},
    {"edit", gb_verb_edit, GB_WHEN_STOP, false},
    {"pick", gb_verb_pick, GB_WHEN_STOP, false},
};

const gb_steer *
gb_steer_find(const char *verb, const char *arg)
{
    const bool has_arg = arg != NULL && arg[0] != '\0';
    size_t i;

    for (i = 0; i < GB_COUNT(table); i++)
        if (strcmp(table[i].name, verb) == 0 &&
            (has_arg || !table[i].needs_arg))
            return &table[i];
    return NULL;
}
