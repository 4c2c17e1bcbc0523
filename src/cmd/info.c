/* gumbel info: what a model is, from the headers of its files. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cells.h"
#include "base/mem.h"
#include "base/round.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "cmd/ignored.h"
#include "cmd/model_facts.h"
#include "cmd/output.h"
#include "engine/packing.h"
#include "model/find.h"

typedef struct info {
    gb_model *weights;   /* NULL: they cannot be used, */
    gb_model *tokenizer; /* nor this, */
    gb_error no_weights, no_tokenizer; /* because */
    const gb_model *any; /* one of them */
    gb_model_facts facts;
    gb_ignored ignored;
} info;

/* --- memory --------------------------------------------------------------- */

/* Bytes of a matrix on a device; a device may round its rows up. */
static uint64_t
matrix_bytes(const gb_tensor *t, bool transposed, gb_dtype_choice choice,
             gb_matrix_role role)
{
    const gb_packing_row *p =
        &gb_packings[gb_packing_for(choice, t->dtype, role)];
    const uint64_t n_in = t->shape[transposed ? 1 : 0];
    const uint64_t n_out = t->shape[transposed ? 0 : 1];

    return n_out * (gb_div_up(n_in, p->block) * p->bytes + sizeof(float));
}

static uint64_t
weight_bytes(const gb_model *m, gb_dtype_choice choice)
{
    const gb_config *g = &m->config;
    const gb_block_weights *b;
    uint64_t sum = ((2 + 4 * (uint64_t)g->n_layer) + g->n_ctx) * g->n_embd *
                   sizeof(float);

    sum += matrix_bytes(&m->lm_head, true, choice, GB_MATRIX_FINE);
    if (!m->tied)
        sum += matrix_bytes(&m->wte, true, choice, GB_MATRIX_FINE);
    for (b = m->blocks; b < m->blocks + g->n_layer; b++) {
        sum += matrix_bytes(&b->attn_weight, false, choice, GB_MATRIX_FINE);
        sum += matrix_bytes(&b->proj_weight, false, choice, GB_MATRIX_COARSE);
        sum += matrix_bytes(&b->fc_weight, false, choice, GB_MATRIX_COARSE);
        sum += matrix_bytes(&b->fc_proj_weight, false, choice,
                            GB_MATRIX_COARSE);
    }
    return sum;
}

/* What keys and values may be. */
static const gb_packing cache_types[] = {GB_PACK_F32, GB_PACK_F16};

/* Keys and values of so many tokens. */
static uint64_t
cache_bytes(const gb_config *g, gb_packing type, uint32_t tokens)
{
    return 2 * (uint64_t)g->n_layer * tokens * g->n_embd *
           gb_packings[type].bytes;
}

/* --- for people ----------------------------------------------------------- */

static void
put_name(gb_str *out, const char *name)
{
    gb_str_printf(out, "%-14s", name);
}

static void
put_config(gb_str *out, const gb_config *g)
{
    put_name(out, "architecture");
    gb_str_printf(out, "gpt2: %u layers, %u heads, width %u, inner width %u, "
                  "%s\n", g->n_layer, g->n_head, g->n_embd, g->n_inner,
                  gb_activation_name(g->activation));
    put_name(out, "context");
    gb_str_printf(out, "%u tokens\n", g->n_ctx);
}

static void
put_token(gb_str *out, const gb_model *m, gb_token id)
{
    size_t n;
    const char *bytes = gb_tokenizer_bytes(m->tokenizer, id, &n);

    gb_str_printf(out, "%u ", id);
    gb_utf8_quote(out, bytes, n);
}

static void
put_vocabulary(gb_str *out, const gb_model *m)
{
    const gb_ends *ends = &m->config.ends;
    uint32_t missing = gb_tokenizer_missing(m->tokenizer), i;

    put_name(out, "vocabulary");
    gb_str_printf(out, "%u ids", m->config.n_vocab);
    if (missing > 0)
        gb_str_printf(out, ", %u of them without a token", missing);
    gb_str_puts(out, ends->n > 0 ? "; a text ends with " : "; no end of text");
    for (i = 0; i < ends->n; i++) {
        gb_str_puts(out, i > 0 ? ", " : "");
        put_token(out, m, ends->ids[i]);
    }
    gb_str_putc(out, '\n');
}

static void
put_tokenizer(gb_str *out, const info *f)
{
    const gb_model *m = f->tokenizer;
    gb_tokenizer_facts t;
    size_t i;

    if (m == NULL) {
        put_name(out, "tokenizer");
        gb_str_printf(out, "cannot be used: %s\n", f->no_tokenizer.text);
        return;
    }
    put_vocabulary(out, m);
    t = gb_tokenizer_get_facts(m->tokenizer);
    put_name(out, "tokenizer");
    gb_str_printf(out, "byte-level BPE, %zu added token%s, %zu of them "
                  "special", t.added, t.added == 1 ? "" : "s", t.special);
    if (t.normalizer != NULL)
        gb_str_printf(out, "; a text is changed first: %s", t.normalizer);
    if (t.whole)
        gb_str_puts(out, "; a text is not split before merging");
    if (t.prefix_space)
        gb_str_puts(out, "; a text begins with a space");
    for (i = 0; i < t.prefix->len; i++) {
        gb_str_puts(out, i == 0 ? "; a text begins with " : ", ");
        put_token(out, m, t.prefix->data[i]);
    }
    gb_str_putc(out, '\n');
}

static void
put_memory(gb_str *out, const gb_model *m)
{
    const gb_config *g = &m->config;
    int choice;
    size_t i;

    put_name(out, "memory");
    gb_str_printf(out, "for the context of %u tokens, with keys and values "
                  "as\n", g->n_ctx);
    for (i = 0; i < GB_COUNT(cache_types); i++) {
        gb_str_printf(out, "%16s%-6s", "", gb_packings[cache_types[i]].name);
        gb_put_bytes(out, cache_bytes(g, cache_types[i], g->n_ctx));
        gb_str_puts(out, " (");
        gb_put_bytes(out, cache_bytes(g, cache_types[i], 1));
        gb_str_puts(out, " for each)\n");
    }
    gb_str_printf(out, "%14sfor the weights as\n", "");
    for (choice = GB_DTYPE_AUTO + 1;
         gb_dtype_choice_name((gb_dtype_choice)choice) != NULL; choice++) {
        gb_str_printf(out, "%16s%-6s", "",
                      gb_dtype_choice_name((gb_dtype_choice)choice));
        gb_put_bytes(out, weight_bytes(m, (gb_dtype_choice)choice));
        gb_str_putc(out, '\n');
    }
}

static void
put_weights(gb_str *out, const info *f)
{
    const gb_model *m = f->weights;

    put_name(out, "weights");
    if (m == NULL) {
        gb_str_printf(out, "cannot be used: %s\n", f->no_weights.text);
        return;
    }
    gb_put_count(out, f->facts.parameters);
    gb_str_printf(out, " parameters, %s, ", f->facts.types);
    gb_put_bytes(out, f->facts.bytes);
    gb_str_printf(out, " in %zu file%s; the head is %s\n",
                  gb_tensors_files(m->tensors),
                  gb_tensors_files(m->tensors) == 1 ? "" : "s",
                  m->tied ? "the embedding" : "its own");
    put_memory(out, m);
}

static void
put_shape(gb_str *out, const gb_tensor_entry *e)
{
    size_t i;

    gb_str_putc(out, '[');
    for (i = 0; i < e->rank; i++)
        if (i < GB_MAX_RANK)
            gb_str_printf(out, "%s%" PRIu64, i > 0 ? ", " : "", e->shape[i]);
        else if (i == GB_MAX_RANK)
            gb_str_puts(out, ", ...");
    gb_str_putc(out, ']');
}

static void
pad(gb_str *out, size_t start, size_t columns)
{
    size_t used = gb_cells_width(out->data + start, out->len - start, false);

    gb_str_printf(out, "%*s", used < columns ? (int)(columns - used) : 1, "");
}

static void
put_tensors(gb_str *out, const gb_tensors *t)
{
    size_t n = gb_tensors_count(t), i, width = 0, start;
    const gb_tensor_entry *e;

    for (i = 0; i < n; i++) {
        e = gb_tensors_at(t, i);
        if (width < gb_cells_width(e->name, strlen(e->name), false))
            width = gb_cells_width(e->name, strlen(e->name), false);
    }
    gb_str_puts(out, "\ntensors\n");
    for (i = 0; i < n; i++) {
        e = gb_tensors_at(t, i);
        gb_str_puts(out, "  ");
        start = out->len;
        gb_str_puts(out, e->name);
        pad(out, start, width + 2);
        start = out->len;
        put_shape(out, e);
        pad(out, start, 16);
        gb_str_printf(out, "%-6s%12" PRIu64 "\n", e->dtype,
                      e->end - e->begin);
    }
}

static void
put_ignored(gb_str *out, const gb_ignored *ignored)
{
    size_t i, width = 0, start;

    for (i = 0; i < ignored->len; i++) {
        size_t n = strlen(ignored->data[i].name);

        n = gb_cells_width(ignored->data[i].name, n, false);
        width = width < n ? n : width;
    }
    if (ignored->len > 0)
        gb_str_puts(out, "\nignored\n");
    for (i = 0; i < ignored->len; i++) {
        gb_str_puts(out, "  ");
        start = out->len;
        gb_str_puts(out, ignored->data[i].name);
        pad(out, start, width + 2);
        gb_str_printf(out, "%s\n", ignored->data[i].why);
    }
}

static bool
put_text(const info *f, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    bool ok;

    put_name(&out, "model");
    gb_str_printf(&out, "%s\n", f->any->name);
    put_name(&out, "path");
    gb_str_printf(&out, "%s\n", f->any->path);
    put_config(&out, &f->any->config);
    put_tokenizer(&out, f);
    put_weights(&out, f);
    if (f->weights != NULL)
        put_tensors(&out, f->weights->tensors);
    put_ignored(&out, &f->ignored);
    ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    gb_str_free(&out);
    return ok;
}

/* --- for programs --------------------------------------------------------- */

static json_t *
config_json(const gb_config *g)
{
    json_t *o = json_object(), *ends = json_array();
    uint32_t i;

    for (i = 0; i < g->ends.n; i++)
        json_array_append_new(ends, json_integer(g->ends.ids[i]));
    json_object_set_new(o, "type", json_string("gpt2"));
    json_object_set_new(o, "layers", json_integer(g->n_layer));
    json_object_set_new(o, "heads", json_integer(g->n_head));
    json_object_set_new(o, "width", json_integer(g->n_embd));
    json_object_set_new(o, "inner", json_integer(g->n_inner));
    json_object_set_new(o, "activation",
                        json_string(gb_activation_name(g->activation)));
    json_object_set_new(o, "context", json_integer(g->n_ctx));
    json_object_set_new(o, "vocabulary", json_integer(g->n_vocab));
    json_object_set_new(o, "ends", ends);
    return o;
}

static json_t *
tokenizer_json(const info *f)
{
    json_t *o = json_object();
    gb_tokenizer_facts t;

    if (f->tokenizer == NULL) {
        json_object_set_new(o, "unusable",
                            gb_json_string(f->no_tokenizer.text));
        return o;
    }
    t = gb_tokenizer_get_facts(f->tokenizer->tokenizer);
    json_object_set_new(o, "missing", json_integer(gb_tokenizer_missing(
                                          f->tokenizer->tokenizer)));
    json_object_set_new(o, "added", json_integer((json_int_t)t.added));
    json_object_set_new(o, "special", json_integer((json_int_t)t.special));
    json_object_set_new(o, "normalizer",
                        t.normalizer != NULL ? json_string(t.normalizer)
                                             : json_null());
    json_object_set_new(o, "split", json_boolean(!t.whole));
    json_object_set_new(o, "prefix_space", json_boolean(t.prefix_space));
    json_object_set_new(o, "prefix", gb_json_ids(t.prefix));
    return o;
}

static json_t *
memory_json(const gb_model *m)
{
    json_t *o = json_object(), *weights = json_object();
    json_t *cache = json_object();
    const gb_config *g = &m->config;
    const char *name;
    size_t k;
    int i;

    for (i = GB_DTYPE_AUTO + 1;
         (name = gb_dtype_choice_name((gb_dtype_choice)i)) != NULL; i++)
        json_object_set_new(
            weights, name, gb_json_u64(weight_bytes(m, (gb_dtype_choice)i)));
    json_object_set_new(o, "weights", weights);
    for (k = 0; k < GB_COUNT(cache_types); k++)
        json_object_set_new(cache, gb_packings[cache_types[k]].name,
                            gb_json_u64(cache_bytes(g, cache_types[k],
                                                    g->n_ctx)));
    json_object_set_new(o, "cache", cache);
    json_object_set_new(o, "context",
                        gb_json_u64(cache_bytes(g, GB_PACK_F32, g->n_ctx)));
    json_object_set_new(o, "token",
                        gb_json_u64(cache_bytes(g, GB_PACK_F32, 1)));
    return o;
}

static json_t *
tensors_json(const gb_tensors *t)
{
    json_t *list = json_array(), *o, *shape;
    size_t n = gb_tensors_count(t), i, j;
    const gb_tensor_entry *e;

    for (i = 0; i < n; i++) {
        e = gb_tensors_at(t, i);
        o = json_object();
        shape = json_array();
        for (j = 0; j < e->rank && j < GB_MAX_RANK; j++)
            json_array_append_new(shape, gb_json_u64(e->shape[j]));
        json_object_set_new(o, "name", gb_json_string(e->name));
        json_object_set_new(o, "file", gb_json_string(e->file->name));
        json_object_set_new(o, "type", gb_json_string(e->dtype));
        json_object_set_new(o, "shape", shape);
        json_object_set_new(o, "bytes", gb_json_u64(e->end - e->begin));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *
ignored_json(const gb_ignored *ignored)
{
    json_t *list = json_array(), *o;
    size_t i;

    for (i = 0; i < ignored->len; i++) {
        o = json_object();
        json_object_set_new(o, ignored->data[i].what,
                            gb_json_string(ignored->data[i].name));
        json_object_set_new(o, "why", json_string(ignored->data[i].why));
        json_array_append_new(list, o);
    }
    return list;
}

static bool
put_json(const info *f, gb_error *err)
{
    const gb_model *m = f->weights;
    json_t *o = json_object();

    json_object_set_new(o, "name", gb_json_string(f->any->name));
    json_object_set_new(o, "path", gb_json_string(f->any->path));
    json_object_set_new(o, "architecture", config_json(&f->any->config));
    json_object_set_new(o, "tokenizer", tokenizer_json(f));
    json_object_set_new(o, "unusable",
                        m == NULL ? gb_json_string(f->no_weights.text)
                                  : json_null());
    if (m != NULL) {
        json_object_set_new(o, "parameters", gb_json_u64(f->facts.parameters));
        json_object_set_new(o, "types", json_string(f->facts.types));
        json_object_set_new(o, "bytes", gb_json_u64(f->facts.bytes));
        json_object_set_new(o, "tied", json_boolean(m->tied));
        json_object_set_new(o, "memory", memory_json(m));
        json_object_set_new(o, "tensors", tensors_json(m->tensors));
    }
    json_object_set_new(o, "ignored", ignored_json(&f->ignored));
    return gb_put_json(o, err);
}

/* --- the command ---------------------------------------------------------- */

static bool
open_info(info *f, const char *folder, gb_error *err)
{
    f->weights = gb_model_open_weights(folder, &f->no_weights);
    f->tokenizer = gb_model_open_tokenizer(folder, &f->no_tokenizer);
    f->any = f->weights != NULL ? f->weights : f->tokenizer;
    if (f->any == NULL) {
        *err = f->no_weights;
        return false;
    }
    if (f->weights != NULL)
        f->facts = gb_model_facts_of(f->weights);
    gb_ignored_list(&f->ignored, folder, f->weights);
    return true;
}

static int
run(const gb_options *o, gb_error *err)
{
    char *folder = gb_model_find(o->n_args > 0 ? o->args[0] : o->model, err);
    info f = {NULL, NULL, GB_ERROR_INIT, GB_ERROR_INIT, NULL, {0}, {NULL, 0}};
    bool ok = folder != NULL && open_info(&f, folder, err) &&
              (o->json ? put_json(&f, err) : put_text(&f, err));

    gb_ignored_free(&f.ignored);
    gb_model_close(f.weights);
    gb_model_close(f.tokenizer);
    free(folder);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_info = {
    .name = "info",
    .args = "[MODEL]",
    .summary = "Show what a model is: sizes, tokenizer, tensors, memory",
    .help =
        "MODEL missing: that of --model. Only headers are read, never all "
        "weights. Shown are the architecture, the tokenizer, what the weights "
        "need in device memory for each --dtype and what the context needs for "
        "each --cache-type (without what a device rounds up), each tensor with "
        "shape, type and bytes, and what is ignored and why. What cannot be "
        "used is said with the reason.",
    .example = "gumbel info gpt2\n"
               "gumbel info --json | jq '.memory.weights.q8_0'",
    .self = GB_FOR_INFO,
    .max_args = 1,
    .run = run,
};
