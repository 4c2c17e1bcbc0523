#include "model/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/pickle_machine.h"

typedef gb_pickle_value value;
typedef gb_pickle_machine machine;

/* Whether the elements follow each other, the last index being the quickest,
 * or else the first; sizes of 1 and tensors of nothing have any strides. */
static bool
follow(const machine *m, const value *shape, const value *strides,
       uint64_t count, bool last_first)
{
    uint64_t step = 1;
    uint32_t i, at;

    for (i = 0; i < shape->n && count > 0; i++) {
        at = last_first ? shape->n - 1 - i : i;
        if (gb_pickle_item(m, shape, at)->number != 1 &&
            gb_pickle_item(m, strides, at)->number != step)
            return false;
        step *= gb_pickle_item(m, shape, at)->number;
    }
    return true;
}

static gb_pickled_order
order_of(const machine *m, const value *shape, const value *strides,
         uint64_t count)
{
    if (follow(m, shape, strides, count, true))
        return GB_ROWS;
    return shape->n == 2 && follow(m, shape, strides, count, false)
               ? GB_COLUMNS
               : GB_STRIDED;
}

static bool
read_tensor(const machine *m, const value *v, gb_pickled *t)
{
    const value *a = &m->values[v->of], *storage = gb_pickle_item(m, a, 0);
    const value *shape = gb_pickle_item(m, a, 2);
    const value *strides = gb_pickle_item(m, a, 3);
    bool ok = shape->n == strides->n;
    uint64_t n;
    uint32_t i;

    t->dtype = gb_pickle_dtype(storage->of, &t->element);
    t->key = storage->text;
    t->key_size = (size_t)storage->number;
    t->offset = gb_pickle_item(m, a, 1)->number;
    t->rank = shape->n;
    for (t->count = 1, i = 0; ok && i < shape->n; i++) {
        n = gb_pickle_item(m, shape, i)->number;
        ok = gb_pickle_item(m, shape, i)->kind == PV_INTEGER &&
             gb_pickle_item(m, strides, i)->kind == PV_INTEGER &&
             n <= INT64_MAX &&
             !__builtin_mul_overflow(t->count, n, &t->count) &&
             t->count <= INT64_MAX / 8;
        if (i < GB_MAX_RANK)
            t->shape[i] = n;
    }
    if (!ok)
        return gb_pickle_refuse(m, "one whose shape is none");
    t->order = order_of(m, shape, strides, t->count);
    return true;
}

/* Names go on as C strings. */
static bool
check_name(const machine *m, const value *key)
{
    return memchr(key->text, '\0', (size_t)key->number) == NULL ||
           gb_pickle_refuse(m, "a name with a NUL byte");
}

static bool
tell(const machine *m, const value *all,
     bool (*found)(void *arg, const gb_pickled *tensor, gb_error *err),
     void *arg)
{
    const value *key, *v;
    uint32_t i;

    for (i = 0; i + 1 < all->n; i += 2) {
        gb_pickled t = {.name = NULL};

        key = gb_pickle_item(m, all, i);
        v = gb_pickle_item(m, all, i + 1);
        if (key->kind != PV_STRING || v->kind != PV_TENSOR)
            continue;
        t.name = key->text;
        t.name_size = (size_t)key->number;
        if (!check_name(m, key) || !read_tensor(m, v, &t) ||
            !found(arg, &t, m->err))
            return false;
    }
    return true;
}

/* The dictionary that there is, or the one that it has under the key `of`. */
static const value *
find_dictionary(const machine *m, const char *of)
{
    const value *all = gb_pickle_peek(m, 0), *key;
    uint32_t i;

    if (of == NULL)
        return all;
    for (i = 0; i + 1 < all->n; i += 2) {
        key = gb_pickle_item(m, all, i);
        if (gb_pickle_is(key, of) &&
            gb_pickle_item(m, all, i + 1)->kind == PV_DICTIONARY)
            return gb_pickle_item(m, all, i + 1);
    }
    gb_fail(m->err, "%s: expected a dictionary \"%s\" in its pickle, found "
            "none", m->path, of);
    return NULL;
}

bool
gb_pickle_read(const char *pickle, size_t n, const char *path, const char *of,
               bool (*found)(void *arg, const gb_pickled *tensor,
                             gb_error *err),
               void *arg, gb_error *err)
{
    const value *all;
    machine m;
    bool ok = gb_pickle_run(&m, pickle, n, path, err) &&
              (all = find_dictionary(&m, of)) != NULL &&
              tell(&m, all, found, arg);

    gb_pickle_close(&m);
    return ok;
}

static json_t *
json_of(const value *v)
{
    if (v->kind == PV_INTEGER)
        return json_integer((json_int_t)v->number);
    return v->kind == PV_BOOLEAN ? json_boolean(v->number) : json_null();
}

static bool
put_number(const machine *m, json_t *numbers, const value *key, const value *v)
{
    char *name = gb_strndup(key->text, (size_t)key->number);
    const bool ok = json_object_set_new(numbers, name, json_of(v)) == 0;

    free(name);
    return ok || gb_pickle_refuse(m, "a name that is no UTF-8");
}

/* Names that are no strings are left out. */
static json_t *
numbers_of(const machine *m, const value *all)
{
    json_t *numbers = json_object();
    const value *key;
    uint32_t i;

    for (i = 0; i + 1 < all->n; i += 2) {
        key = gb_pickle_item(m, all, i);
        if (key->kind == PV_STRING &&
            (!check_name(m, key) ||
             !put_number(m, numbers, key, gb_pickle_item(m, all, i + 1)))) {
            json_decref(numbers);
            return NULL;
        }
    }
    return numbers;
}

json_t *
gb_pickle_numbers(const char *pickle, size_t n, const char *path,
                  const char *of, gb_error *err)
{
    json_t *numbers = NULL;
    const value *all;
    machine m;

    if (gb_pickle_run(&m, pickle, n, path, err) &&
        (all = find_dictionary(&m, of)) != NULL)
        numbers = numbers_of(&m, all);
    gb_pickle_close(&m);
    return numbers;
}
