#include "session/adjuster.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/bias.h"

static void
forget_breakers(gb_adjuster *a)
{
    size_t i;

    for (i = 0; i < a->n_breaks; i++)
        gb_str_free(&a->breaks[i]);
    free(a->breaks);
    a->breaks = NULL;
    a->n_breaks = 0;
}

void
gb_adjuster_free(gb_adjuster *a)
{
    forget_breakers(a);
    free(a->biases);
    gb_str_free(&a->bytes);
    gb_adjustments_free(&a->list);
    *a = (gb_adjuster){.model = NULL};
}

static void
look_up_breakers(gb_adjuster *a, const char *breakers)
{
    json_t *list = breakers[0] != '\0' ? json_loads(breakers, 0, NULL) : NULL;
    size_t i;

    forget_breakers(a);
    a->n_breaks = json_array_size(list);
    a->breaks = gb_alloc_array(a->n_breaks + 1, sizeof *a->breaks);
    for (i = 0; i < a->n_breaks; i++)
        gb_str_puts(&a->breaks[i], json_string_value(json_array_get(list, i)));
    json_decref(list);
    a->breakers = breakers;
}

static bool
look_up(gb_adjuster *a, const gb_model *m, const gb_settings *s, gb_error *err)
{
    gb_bias *biases;
    size_t n;

    if (a->breakers != s->dry_breakers)
        look_up_breakers(a, s->dry_breakers);
    if (a->model == m && a->bias == s->bias)
        return true;
    if (!gb_bias_resolve(s->bias, m->tokenizer, m->config.n_vocab, &biases, &n,
                         err))
        return false;
    free(a->biases);
    a->biases = biases;
    a->n_biases = n;
    a->model = m;
    a->bias = s->bias;
    return true;
}

/* A token that holds a whole breaker. */
static bool
is_breaker(const void *arg, uint32_t id)
{
    const gb_adjuster *a = arg;
    const char *bytes;
    size_t n, i;

    bytes = gb_tokenizer_bytes(a->model->tokenizer, id, &n);
    for (i = 0; i < a->n_breaks; i++)
        if (memmem(bytes, n, a->breaks[i].data, a->breaks[i].len) != NULL)
            return true;
    return false;
}

/* Where the last of the places ends in which a text has these bytes; 0 when
 * it has none. */
static size_t
last_end(const gb_str *text, const gb_str *bytes)
{
    size_t at;

    for (at = text->len; at >= bytes->len; at--)
        if (memcmp(text->data + at - bytes->len, bytes->data,
                   bytes->len) == 0)
            return at;
    return 0;
}

/* How many of the last n tokens stand behind the last breaker in them, which
 * may begin in one token and end in another; n when there is none. */
static size_t
count_behind(gb_adjuster *a, const gb_token *last, size_t n, bool *found)
{
    size_t end = 0, longest = 0, at, size, i;
    const char *bytes;

    gb_str_clear(&a->bytes);
    for (i = 0; i < n; i++) {
        bytes = gb_tokenizer_bytes(a->model->tokenizer, last[i], &size);
        gb_str_append(&a->bytes, bytes, size);
    }
    for (i = 0; i < a->n_breaks; i++) {
        at = last_end(&a->bytes, &a->breaks[i]);
        end = at > end ? at : end;
        size = a->breaks[i].len;
        longest = size > longest ? size : longest;
    }
    /* One that begins before these tokens could end behind an earlier end. */
    *found = end >= longest;
    for (i = n, at = a->bytes.len; i > 0; i--) {
        gb_tokenizer_bytes(a->model->tokenizer, last[i - 1], &size);
        if (at - size < end)
            break;
        at -= size;
    }
    return n - i;
}

/* The same of the whole text. Mostly a breaker is near. */
static size_t
find_limit(gb_adjuster *a, const gb_token *view, size_t n)
{
    size_t some = 64, behind;
    bool found;

    for (;; some *= 4) {
        some = some < n ? some : n;
        behind = count_behind(a, view + n - some, some, &found);
        if (found || some == n)
            return behind;
    }
}

bool
gb_adjuster_find(gb_adjuster *a, const gb_model *m, const gb_settings *s,
                 const gb_token *view, size_t n, const gb_adjustments **list,
                 gb_error *err)
{
    gb_adjust_rules rules = {
        .repetition_penalty = s->repetition_penalty,
        .repetition_last = s->repetition_last,
        .dry_multiplier = s->dry_multiplier,
        .dry_base = s->dry_base,
        .dry_allowed_length = s->dry_allowed_length,
        .dry_last = s->dry_last,
        .dry_limit = SIZE_MAX,
        .dry_arg = a,
    };

    *list = NULL;
    if (s->bias[0] == '\0' && gb_adjust_rules_are_off(&rules))
        return true;
    if (!look_up(a, m, s, err))
        return false;
    rules.bias = a->biases;
    rules.n_bias = a->n_biases;
    if (rules.dry_multiplier > 0 && a->n_breaks > 0) {
        rules.dry_limit = find_limit(a, view, n);
        rules.dry_breaks = is_breaker;
    }
    gb_adjust_find(&a->list, &rules, view, n);
    if (a->list.n > 0)
        *list = &a->list;
    return true;
}

bool
gb_adjuster_find_rows(gb_adjuster_rows *a, const gb_model *m,
                      const gb_settings *s, gb_sequence *rows, unsigned n,
                      gb_error *err)
{
    const gb_adjustments *found;
    gb_adjustments list;
    unsigned i;

    for (i = 0; i < n; i++) {
        if (!gb_adjuster_find(&a->adjuster, m, s, rows[i].ids, rows[i].n,
                              &found, err))
            return false;
        list = a->lists[i];
        a->lists[i] = a->adjuster.list;
        a->adjuster.list = list;
        rows[i].adjust = found != NULL ? &a->lists[i] : NULL;
    }
    return true;
}

void
gb_adjuster_free_rows(gb_adjuster_rows *a)
{
    unsigned i;

    gb_adjuster_free(&a->adjuster);
    for (i = 0; i < GB_ROWS; i++)
        gb_adjustments_free(&a->lists[i]);
}
