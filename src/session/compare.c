/* Comparing two texts. */
#include "session/steer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "session/sweep_text.h"

/* The tokens that two paths have in common from their beginning, and the
 * share of the model's tokens of the first that the second has at the same
 * step of the same seed. */
typedef struct comparison {
    uint64_t common;
    uint64_t same, of;
} comparison;

/* A token of a path, and the noise it was chosen with. */
typedef struct stepped {
    uint64_t seed, step;
    gb_token id;
} stepped;

static stepped *
list_steps(const gb_path *path, uint64_t skip, size_t *count)
{
    size_t n = 0, i;
    const gb_stretch *s;
    stepped *list;
    uint32_t k;

    for (i = 0; i < path->len; i++)
        n += gb_steer_counted(&path->data[i]);
    list = gb_alloc_array(n + 1, sizeof *list);
    for (i = 0, n = 0; i < path->len; i++) {
        s = &path->data[i];
        for (k = 0; k < gb_steer_counted(s); k++)
            if (skip > 0)
                skip--;
            else if (s->node->role == GB_ROLE_MODEL &&
                     s->node->tokens[k].source != GB_SOURCE_PICKED)
                list[n++] = (stepped){s->node->settings.seed,
                                      s->node->step + k,
                                      s->node->tokens[k].id};
    }
    *count = n;
    return list;
}

/* The next token of a path that counts; NULL: the end. */
static const gb_written *
next_token(const gb_path *path, size_t *i, uint32_t *k)
{
    for (; *i < path->len; ++*i, *k = 0)
        if (*k < gb_steer_counted(&path->data[*i]))
            return &path->data[*i].node->tokens[(*k)++];
    return NULL;
}

static uint64_t
count_common(const gb_path *a, const gb_path *b)
{
    const gb_written *x, *y;
    size_t i = 0, j = 0;
    uint32_t k = 0, l = 0;
    uint64_t n = 0;

    for (;; n++) {
        x = next_token(a, &i, &k);
        y = next_token(b, &j, &l);
        if (x == NULL || y == NULL || x->id != y->id)
            return n;
    }
}

static comparison
compare(const gb_session *s, gb_place a, gb_place b)
{
    gb_path pa = {0}, pb = {0};
    comparison c = {0};
    size_t na, nb, i, k = 0;
    stepped *la, *lb;

    gb_tree_path(s->tree, a, &pa);
    gb_tree_path(s->tree, b, &pb);
    c.common = count_common(&pa, &pb);
    la = list_steps(&pa, c.common, &na);
    lb = list_steps(&pb, c.common, &nb);
    for (i = 0; i < na; i++) {
        /* Both go up in the same order but where a text is missing. */
        while (k < nb && (lb[k].seed != la[i].seed ||
                          lb[k].step < la[i].step))
            k++;
        c.of++;
        if (k < nb && lb[k].step == la[i].step) {
            c.same += lb[k].id == la[i].id ? 1 : 0;
            k++;
        }
    }
    free(la);
    free(lb);
    gb_path_free(&pa);
    gb_path_free(&pb);
    return c;
}

/* The text of a path behind so many tokens. */
static void
text_behind(const gb_session *s, gb_place place, uint64_t skip, gb_str *out)
{
    gb_path path = {0};
    const gb_stretch *st;
    uint32_t counted;
    size_t i, from;

    gb_tree_path(s->tree, place, &path);
    for (i = 0; i < path.len; i++) {
        st = &path.data[i];
        counted = gb_steer_counted(st);
        if (counted <= skip) {
            skip -= counted;
            continue;
        }
        from = gb_node_bytes(st->node, (uint32_t)skip);
        gb_str_append(out, gb_str_cstr(&st->node->text) + from,
                      gb_node_bytes(st->node, st->tokens) - from);
        skip = 0;
    }
    gb_path_free(&path);
}

/* Both texts behind what they have in common. */
static void
put_both(const gb_session *s, gb_place a, gb_place b, uint64_t common,
         const char *const names[2], gb_str *out)
{
    const gb_sweep_look look = {.on = "[", .off = "]"};
    gb_str first = GB_STR_INIT, second = GB_STR_INIT;

    text_behind(s, a, common, &first);
    text_behind(s, b, common, &second);
    gb_sweep_compare(out, &look, names, &first, &second);
    gb_str_free(&first);
    gb_str_free(&second);
}

void
gb_steer_report(gb_session *s, gb_str *out)
{
    static const char *const names[2] = {"was", "now"};
    comparison c;
    gb_place now = gb_tree_place(s->tree);

    if (s->before.node == 0 || gb_session_is_writing(s))
        return;
    c = compare(s, s->before, now);
    if (c.of == 0) {
        gb_str_puts(out, "identical: every token stayed");
    } else {
        put_both(s, s->before, now, c.common, names, out);
        gb_str_printf(out, "of the %llu tokens that the model had written "
                      "from there on, %llu stayed (%.0f %%); /go %" PRIu32
                      " goes back", (unsigned long long)c.of,
                      (unsigned long long)c.same,
                      100.0 * (double)c.same / (double)c.of, s->before.node);
    }
    s->before = (gb_place){0, 0};
}

/* /compare */

/* A place by what stands at the beginning of *text, which is taken off: "take
 * N" as /takes numbers them, a name in quotes, or a name or number without
 * blanks. */
static bool
take_place(const gb_session *s, const char **text, gb_place *place,
           gb_error *err)
{
    const char *p = *text, *end = p + strcspn(p, " ");
    bool take = strncmp(p, "take ", 5) == 0, quoted;
    char *word;
    bool ok;

    if (take) {
        p = end + strspn(end, " ");
        end = p + strcspn(p, " ");
    }
    quoted = !take && p[0] == '"' && strchr(p + 1, '"') != NULL;
    if (quoted) {
        p++;
        end = strchr(p, '"');
    }
    word = gb_strndup(p, (size_t)(end - p));
    ok = take ? gb_steer_find_take(s, word, place, err)
              : gb_steer_find_place(s, word, place, err);
    free(word);
    end += quoted ? 1 : 0;
    *text = end + strspn(end, " ");
    return ok;
}

/* The token behind so many of a path; NULL: its end. */
static const gb_written *
token_at(const gb_session *s, gb_place place, uint64_t number)
{
    const gb_written *w;
    gb_path path = {0};
    uint32_t k = 0;
    size_t i = 0;

    gb_tree_path(s->tree, place, &path);
    do
        w = next_token(&path, &i, &k);
    while (w != NULL && number-- > 0);
    gb_path_free(&path);
    return w;
}

static void
put_token(const gb_session *s, const gb_written *w, gb_str *out)
{
    if (w != NULL)
        gb_steer_quote(s, w->id, out);
    else
        gb_str_puts(out, "the end");
}

bool
gb_verb_compare(gb_session *s, const char *arg, gb_str *out, gb_error *err)
{
    static const char *const names[2] = {"first ", "second"};
    gb_place a, b = gb_tree_place(s->tree);
    const gb_written *x, *y;
    comparison c;

    if (arg[0] == '\0')
        return gb_fail_usage(err, "expected two places, each a name, a "
                             "number of /tree, or take and a number of "
                             "/takes; found none");
    if (!take_place(s, &arg, &a, err) ||
        (arg[0] != '\0' && !take_place(s, &arg, &b, err)))
        return false;
    if (arg[0] != '\0')
        return gb_fail_usage(err, "expected two places, found more: %s", arg);
    c = compare(s, a, b);
    x = token_at(s, a, c.common);
    y = token_at(s, b, c.common);
    if (x == NULL && y == NULL) {
        gb_str_printf(out, "identical: %llu tokens",
                      (unsigned long long)c.common);
        return true;
    }
    gb_str_printf(out, "%llu tokens in common, then ",
                  (unsigned long long)c.common);
    put_token(s, x, out);
    gb_str_puts(out, " and ");
    put_token(s, y, out);
    gb_str_putc(out, '\n');
    put_both(s, a, b, c.common, names, out);
    if (c.of > 0)
        gb_str_printf(out, "of the %llu tokens that the model wrote in the "
                      "first from there on, %llu are in the second at the "
                      "same step (%.0f %%)\n", (unsigned long long)c.of,
                      (unsigned long long)c.same,
                      100.0 * (double)c.same / (double)c.of);
    return true;
}
