#include "model/pickle_machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

/* Operations, by the names of Python's pickletools. */
enum {
    MARK = '(', STOP = '.', BINFLOAT = 'G', BININT = 'J', BININT1 = 'K',
    BININT2 = 'M', NONE = 'N', BINPERSID = 'Q', REDUCE = 'R',
    BINUNICODE = 'X', EMPTY_LIST = ']', APPEND = 'a', BUILD = 'b',
    GLOBAL = 'c', APPENDS = 'e', BINGET = 'h', LONG_BINGET = 'j',
    BINPUT = 'q', LONG_BINPUT = 'r', SETITEM = 's', TUPLE = 't',
    EMPTY_TUPLE = ')', SETITEMS = 'u', EMPTY_DICT = '}', PROTO = 0x80,
    TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88,
    NEWFALSE = 0x89, LONG1 = 0x8a, SHORT_BINUNICODE = 0x8c, MEMOIZE = 0x94,
    FRAME = 0x95,
};

typedef gb_pickle_value value;
typedef gb_pickle_machine machine;

static const struct {
    const char *name, *dtype;
    size_t element;
} storages[] = {
    {"FloatStorage", "F32", 4}, {"HalfStorage", "F16", 2},
    {"BFloat16Storage", "BF16", 2}, {"DoubleStorage", "F64", 8},
    {"LongStorage", "I64", 8}, {"IntStorage", "I32", 4},
    {"ShortStorage", "I16", 2}, {"CharStorage", "I8", 1},
    {"ByteStorage", "U8", 1}, {"BoolStorage", "BOOL", 1},
};

bool
gb_pickle_refuse(const machine *m, const char *what)
{
    return gb_fail(m->err, "%s: byte %zu of its pickle: expected tensors, "
                   "numbers and names, found %s", m->path, m->at, what);
}

/* A new value on the stack; there is one at most for each byte. */
static value *
push(machine *m, gb_pickle_kind k)
{
    value *v = &m->values[m->n_values];

    *v = (value){.kind = k};
    m->stack[m->depth++] = m->n_values++;
    return v;
}

/* What stands in where there is no value. */
static const value nothing = {.kind = PV_OTHER};

/* The value `below` others on the stack. */
const value *
gb_pickle_peek(const machine *m, uint32_t below)
{
    return m->depth > below ? &m->values[m->stack[m->depth - 1 - below]]
                            : &nothing;
}

const value *
gb_pickle_item(const machine *m, const value *v, uint32_t i)
{
    return i < v->n ? &m->values[v->items[i]] : &nothing;
}

static void
append(value *v, uint32_t i)
{
    if (v->n == v->capacity) {
        v->capacity = v->capacity > 0 ? 2 * v->capacity : 4;
        v->items = gb_realloc_array(v->items, v->capacity, sizeof *v->items);
    }
    v->items[v->n++] = i;
}

/* The next bytes, or NULL. */
static const char *
take(machine *m, size_t size)
{
    const char *p = m->data + m->at;

    if (size > m->n - m->at) {
        gb_pickle_refuse(m, "its end");
        return NULL;
    }
    m->at += size;
    return p;
}

static bool
take_number(machine *m, size_t size, uint64_t *number)
{
    const char *p = take(m, size);

    for (*number = 0; p != NULL && size-- > 0;)
        *number = *number << 8 | (unsigned char)p[size];
    return p != NULL;
}

/* Where the values above the last mark begin on the stack. */
static bool
find_mark(const machine *m, uint32_t *from)
{
    for (*from = m->depth; *from > 0; --*from)
        if (m->values[m->stack[*from - 1]].kind == PV_MARK_HERE)
            return true;
    return gb_pickle_refuse(m, "a mark that is missing");
}

/* Makes a tuple of the values from there on; what is below them down to
 * `base` goes too. */
static bool
make_tuple(machine *m, uint32_t from, uint32_t base)
{
    const uint32_t n = m->depth - from;
    uint32_t *items = gb_alloc_array(n + 1, sizeof *items);
    value *v;

    memcpy(items, m->stack + from, n * sizeof *items);
    m->depth = base;
    v = push(m, PV_TUPLE_OF);
    v->items = items;
    v->n = n;
    return true;
}

static bool
make_small_tuple(machine *m, uint32_t n)
{
    return m->depth >= n ? make_tuple(m, m->depth - n, m->depth - n)
                         : gb_pickle_refuse(m, "too few values");
}

/* The values from there on become items of the dictionary below them; what
 * is below is dropped down to it. Lists are of no interest. */
static bool
put_items(machine *m, uint32_t from, uint32_t base)
{
    uint32_t i;
    value *v;

    if (base == 0)
        return gb_pickle_refuse(m, "items of nothing");
    v = &m->values[m->stack[base - 1]];
    if (v->kind != PV_DICTIONARY || (m->depth - from) % 2 != 0)
        return gb_pickle_refuse(m, "items of no dictionary");
    for (i = from; i < m->depth; i++)
        append(v, m->stack[i]);
    m->depth = base;
    return true;
}

/* --- names and what they make ------------------------------------------- */

/* A line of a name, without its line end. */
static const char *
take_line(machine *m, size_t *size)
{
    const char *p = m->data + m->at;
    const char *end = memchr(p, '\n', m->n - m->at);

    if (end == NULL) {
        gb_pickle_refuse(m, "its end");
        return NULL;
    }
    *size = (size_t)(end - p);
    m->at += *size + 1;
    return p;
}

static bool
named(const char *text, size_t size, const char *name)
{
    return strlen(name) == size && memcmp(text, name, size) == 0;
}

/* What may be named; all else is refused unseen. */
static bool
take_global(machine *m)
{
    size_t n_module, n_name = 0, i;
    const char *module = take_line(m, &n_module);
    const char *name = module != NULL ? take_line(m, &n_name) : NULL;
    char shown[GB_JSON_SHOWN], *both;

    if (name == NULL)
        return false;
    if (named(module, n_module, "collections") &&
        named(name, n_name, "OrderedDict"))
        return push(m, PV_MAKE_DICTIONARY) != NULL;
    if (named(module, n_module, "torch._utils") &&
        named(name, n_name, "_rebuild_tensor_v2"))
        return push(m, PV_MAKE_TENSOR) != NULL;
    if (named(module, n_module, "torch._utils") &&
        named(name, n_name, "_rebuild_parameter"))
        return push(m, PV_MAKE_PARAMETER) != NULL;
    for (i = 0; i < GB_COUNT(storages); i++)
        if (named(module, n_module, "torch") &&
            named(name, n_name, storages[i].name)) {
            push(m, PV_STORAGE_TYPE)->of = (uint32_t)i;
            return true;
        }
    both = gb_format("%.*s.%.*s", n_module < 60 ? (int)n_module : 60, module,
                     n_name < 60 ? (int)n_name : 60, name);
    gb_fail(m->err, "%s: expected tensors alone, found the name %s in its "
            "pickle, which is not executed: save the state_dict of the "
            "model, best as model.safetensors", m->path,
            gb_json_quote(both, shown));
    free(both);
    return false;
}

/* ('storage', type, key, location, size). */
static bool
make_storage(machine *m)
{
    const value *id = gb_pickle_peek(m, 0);
    const value *type = gb_pickle_item(m, id, 1);
    const value *key = gb_pickle_item(m, id, 2);
    value *v;

    if (id->kind != PV_TUPLE_OF || type->kind != PV_STORAGE_TYPE ||
        key->kind != PV_STRING)
        return gb_pickle_refuse(m, "a storage of another kind");
    m->depth--;
    v = push(m, PV_STORAGE);
    v->of = type->of;
    v->text = key->text;
    v->number = key->number;
    return true;
}

static gb_pickle_kind
kind_of(const machine *m, const value *v, uint32_t i)
{
    return gb_pickle_item(m, v, i)->kind;
}

/* Calls what is named with the tuple on top: a dictionary that is filled
 * later, a tensor of (storage, offset, shape, strides, ...), or a parameter,
 * which is the tensor that it has. */
static bool
reduce(machine *m)
{
    const value *a = gb_pickle_peek(m, 0), *name = gb_pickle_peek(m, 1);
    uint32_t args;

    if (m->depth < 2 || a->kind != PV_TUPLE_OF)
        return gb_pickle_refuse(m, "no arguments");
    args = m->stack[m->depth - 1];
    m->depth -= 2;
    if (name->kind == PV_MAKE_DICTIONARY && a->n == 0)
        return push(m, PV_DICTIONARY) != NULL;
    if (name->kind == PV_MAKE_PARAMETER && kind_of(m, a, 0) == PV_TENSOR) {
        m->stack[m->depth++] = a->items[0];
        return true;
    }
    if (name->kind != PV_MAKE_TENSOR || kind_of(m, a, 0) != PV_STORAGE ||
        kind_of(m, a, 1) != PV_INTEGER || kind_of(m, a, 2) != PV_TUPLE_OF ||
        kind_of(m, a, 3) != PV_TUPLE_OF)
        return gb_pickle_refuse(m, "another kind of tensor");
    push(m, PV_TENSOR)->of = args;
    return true;
}

/* --- operations --------------------------------------------------------- */

static bool
take_string(machine *m, size_t length)
{
    uint64_t size;
    const char *p;
    value *v;

    if (!take_number(m, length, &size) || (p = take(m, (size_t)size)) == NULL)
        return false;
    v = push(m, PV_STRING);
    v->text = p;
    v->number = size;
    return true;
}

static bool
take_integer(machine *m, size_t size)
{
    uint64_t number;

    if (!take_number(m, size, &number))
        return false;
    if (size == 4 && (number & 0x80000000u) != 0)
        number |= 0xffffffff00000000u; /* BININT has a sign */
    push(m, PV_INTEGER)->number = number;
    return true;
}

/* Of up to 8 bytes; no size is larger. */
static bool
take_long(machine *m)
{
    uint64_t size, number;

    if (!take_number(m, 1, &size))
        return false;
    if (size > 8) {
        push(m, PV_OTHER);
        return take(m, (size_t)size) != NULL;
    }
    if (!take_number(m, (size_t)size, &number))
        return false;
    push(m, PV_INTEGER)->number = number;
    return true;
}

static bool
put_memo(machine *m, uint64_t i)
{
    if (m->depth == 0 || i > m->n)
        return gb_pickle_refuse(m, "a memo of nothing");
    m->n_memo += m->memo[i] == 0;
    m->memo[i] = m->stack[m->depth - 1] + 1;
    return true;
}

static bool
get_memo(machine *m, size_t size)
{
    uint64_t i;

    if (!take_number(m, size, &i))
        return false;
    if (i > m->n || m->memo[i] == 0)
        return gb_pickle_refuse(m, "a memo that is missing");
    m->stack[m->depth++] = m->memo[i] - 1;
    return true;
}

static bool
drop(machine *m, uint32_t n)
{
    if (m->depth <= n)
        return gb_pickle_refuse(m, "too few values");
    m->depth -= n;
    return true;
}

static bool
push_boolean(machine *m, bool is)
{
    push(m, PV_BOOLEAN)->number = is;
    return true;
}

static bool
step(machine *m, unsigned char op)
{
    uint64_t memo;
    uint32_t from;

    switch (op) {
    case PROTO: return take(m, 1) != NULL;
    case MARK: return push(m, PV_MARK_HERE) != NULL;
    case EMPTY_DICT: return push(m, PV_DICTIONARY) != NULL;
    case EMPTY_TUPLE: return push(m, PV_TUPLE_OF) != NULL;
    case EMPTY_LIST:
    case NONE: return push(m, PV_OTHER) != NULL;
    case NEWTRUE: return push_boolean(m, true);
    case NEWFALSE: return push_boolean(m, false);
    case BINFLOAT: return take(m, 8) != NULL && push(m, PV_OTHER) != NULL;
    case BININT: return take_integer(m, 4);
    case BININT1: return take_integer(m, 1);
    case BININT2: return take_integer(m, 2);
    case LONG1: return take_long(m);
    case BINUNICODE: return take_string(m, 4);
    case SHORT_BINUNICODE: return take_string(m, 1);
    case FRAME: return take(m, 8) != NULL;
    case BINPUT: return take_number(m, 1, &memo) && put_memo(m, memo);
    case LONG_BINPUT: return take_number(m, 4, &memo) && put_memo(m, memo);
    case MEMOIZE: return put_memo(m, m->n_memo);
    case BINGET: return get_memo(m, 1);
    case LONG_BINGET: return get_memo(m, 4);
    case GLOBAL: return take_global(m);
    case BINPERSID: return make_storage(m);
    case REDUCE: return reduce(m);
    case TUPLE1: return make_small_tuple(m, 1);
    case TUPLE2: return make_small_tuple(m, 2);
    case TUPLE3: return make_small_tuple(m, 3);
    case TUPLE: return find_mark(m, &from) && make_tuple(m, from, from - 1);
    case SETITEMS: return find_mark(m, &from) && put_items(m, from, from - 1);
    case SETITEM:
        return m->depth > 2 ? put_items(m, m->depth - 2, m->depth - 2)
                            : gb_pickle_refuse(m, "too few values");
    case APPEND:
    case BUILD: return drop(m, 1); /* of a list, of what is not looked at */
    case APPENDS:
        return find_mark(m, &from) && drop(m, m->depth - from + 1);
    default: return gb_pickle_refuse(m, "an operation of another kind");
    }
}

static bool
run(machine *m)
{
    unsigned char op;

    while (m->at < m->n) {
        op = (unsigned char)m->data[m->at++];
        if (op == STOP)
            return gb_pickle_peek(m, 0)->kind == PV_DICTIONARY ||
                   gb_pickle_refuse(m, "no dictionary of them");
        if (!step(m, op))
            return false;
    }
    return gb_pickle_refuse(m, "its end");
}

bool
gb_pickle_run(machine *m, const char *pickle, size_t n, const char *path,
              gb_error *err)
{
    *m = (machine){.path = path, .data = pickle, .n = n, .err = err};
    m->values = gb_try_alloc(n + 1, sizeof *m->values);
    m->stack = gb_try_alloc(n + 1, sizeof *m->stack);
    m->memo = gb_try_alloc(n + 1, sizeof *m->memo);
    if (m->values == NULL || m->stack == NULL || m->memo == NULL)
        return gb_fail(err, "%s: out of memory for a pickle of %zu bytes",
                       path, n);
    return run(m);
}

void
gb_pickle_close(machine *m)
{
    uint32_t i;

    for (i = 0; i < m->n_values; i++)
        free(m->values[i].items);
    free(m->values);
    free(m->stack);
    free(m->memo);
}

bool
gb_pickle_is(const value *v, const char *text)
{
    return v->kind == PV_STRING &&
           named(v->text, (size_t)v->number, text);
}

const char *
gb_pickle_dtype(uint32_t type, size_t *element)
{
    *element = storages[type].element;
    return storages[type].dtype;
}
