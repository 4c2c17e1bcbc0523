/* gumbel convert: a model as a GGUF file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/round.h"
#include "cmd/commands.h"
#include "cmd/gguf_out.h"
#include "cmd/model_facts.h"
#include "cmd/open.h"
#include "cmd/output.h"
#include "model/gguf.h"

typedef struct plan {
    gb_out_tensor *tensors;
    size_t n;
    uint64_t size; /* of all */
    gb_dtype_choice choice;
} plan;

/* What a matrix becomes; rows that are no whole blocks stay at 16 bits. */
static gb_dtype
dtype_for(const plan *p, const gb_tensor *t, uint64_t n_in,
          gb_matrix_role role)
{
    static const gb_dtype types[GB_PACKINGS] = {
        [GB_PACK_F32] = GB_F32,   [GB_PACK_F16] = GB_F16,
        [GB_PACK_BF16] = GB_BF16, [GB_PACK_Q8_0] = GB_Q8_0,
        [GB_PACK_Q4_0] = GB_Q4_0,
    };
    const gb_dtype dtype = types[gb_packing_for(p->choice, t->dtype, role)];

    return n_in % gb_dtype_block(dtype) == 0 ? dtype : GB_F16;
}

static void
add(plan *p, const gb_tensor *t, const char *key, gb_dtype dtype)
{
    gb_out_tensor *o = &p->tensors[p->n++];
    char *name = gb_gguf_name(key);

    o->tensor = t;
    snprintf(o->name, sizeof o->name, "%s", name);
    o->dtype = dtype;
    o->at = p->size;
    o->size = t->count / gb_dtype_block(dtype) * gb_dtype_size(dtype);
    p->size += gb_round_up(o->size, GB_OUT_ALIGNMENT);
    free(name);
}

static void
add_matrix(plan *p, const gb_tensor *t, const char *key, uint64_t n_in,
           gb_matrix_role role)
{
    add(p, t, key, dtype_for(p, t, n_in, role));
}

static void
add_block(plan *p, const gb_block_weights *b, uint32_t layer)
{
    const struct {
        const gb_tensor *weight, *bias;
        const char *key;
        bool matrix;
        gb_matrix_role role;
    } parts[] = {
        {&b->ln_1_weight, &b->ln_1_bias, "ln_1", false, GB_MATRIX_FINE},
        {&b->attn_weight, &b->attn_bias, "attn.c_attn", true, GB_MATRIX_FINE},
        {&b->proj_weight, &b->proj_bias, "attn.c_proj", true,
         GB_MATRIX_COARSE},
        {&b->ln_2_weight, &b->ln_2_bias, "ln_2", false, GB_MATRIX_FINE},
        {&b->fc_weight, &b->fc_bias, "mlp.c_fc", true, GB_MATRIX_COARSE},
        {&b->fc_proj_weight, &b->fc_proj_bias, "mlp.c_proj", true,
         GB_MATRIX_COARSE},
    };
    char key[64];
    size_t i;

    for (i = 0; i < GB_COUNT(parts); i++) {
        snprintf(key, sizeof key, "h.%u.%s.weight", layer, parts[i].key);
        if (parts[i].matrix)
            add_matrix(p, parts[i].weight, key, parts[i].weight->shape[0],
                       parts[i].role);
        else
            add(p, parts[i].weight, key, GB_F32);
        snprintf(key, sizeof key, "h.%u.%s.bias", layer, parts[i].key);
        add(p, parts[i].bias, key, GB_F32);
    }
}

static void
make_plan(plan *p, const gb_model *m, gb_dtype_choice choice)
{
    const gb_config *c = &m->config;
    uint32_t i;

    *p = (plan){.choice = choice};
    p->tensors = gb_alloc_array(5 + 12 * (size_t)c->n_layer,
                                sizeof *p->tensors);
    add_matrix(p, &m->wte, "wte.weight", c->n_embd, GB_MATRIX_FINE);
    add(p, &m->wpe, "wpe.weight", GB_F32);
    for (i = 0; i < c->n_layer; i++)
        add_block(p, &m->blocks[i], i);
    add(p, &m->ln_f_weight, "ln_f.weight", GB_F32);
    add(p, &m->ln_f_bias, "ln_f.bias", GB_F32);
    if (!m->tied)
        add_matrix(p, &m->lm_head, "lm_head.weight", c->n_embd,
                   GB_MATRIX_FINE);
}

/* --- the file ----------------------------------------------------------- */

static bool
write_all(const plan *p, gb_opened *opened, int fd, const char *path,
          gb_error *err)
{
    const gb_progress progress = gb_opened_progress(opened);
    gb_str head = GB_STR_INIT;
    size_t i;
    bool ok = gb_gguf_out_head(&head, opened->model, p->choice, p->tensors,
                               p->n, err) &&
              gb_fd_write(fd, path, head.data, head.len, err);

    for (i = 0; ok && i < p->n; i++)
        ok = gb_gguf_out_tensor(&p->tensors[i], fd, path, &progress,
                                p->tensors[i].at, p->size, err);
    gb_str_free(&head);
    return ok && gb_fd_sync(fd, path, err);
}

static bool
fail_there(const char *path, gb_error *err)
{
    return gb_fail(err, "%s: there is such a file already; name another one, "
                   "or remove it", path);
}

/* Gives the finished file its name, if that is still free. */
static bool
settle(const char *temp, const char *path, gb_error *err)
{
    if (link(temp, path) == 0) {
        unlink(temp);
        return true;
    }
    if (errno == EEXIST || gb_is_there(path))
        return fail_there(path, err);
    return rename(temp, path) == 0 || /* no hard links there */
           gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
}

static bool
write_file(const plan *p, gb_opened *opened, const char *path, gb_error *err)
{
    char *temp = gb_format("%s.part-%ld", path, (long)getpid());
    int fd = -1;
    bool ok;

    if (gb_is_there(path))
        fail_there(path, err);
    else if ((fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        0666)) < 0)
        gb_fail(err, "%s: cannot create: %s", path, strerror(errno));
    ok = fd >= 0 && write_all(p, opened, fd, path, err);
    if (fd >= 0 && close(fd) != 0 && ok)
        ok = gb_fail(err, "%s: cannot write: %s", path, strerror(errno));
    ok = ok && settle(temp, path, err);
    if (ok)
        gb_folder_sync(path);
    else if (fd >= 0)
        unlink(temp);
    free(temp);
    return ok;
}

/* What was written, as the model that it is now. */
static bool
tell(const gb_options *o, gb_error *err)
{
    gb_model *m = gb_model_open(o->output, err);
    gb_str out = GB_STR_INIT;
    gb_model_facts f;
    json_t *j;
    bool ok;

    if (m == NULL)
        return false;
    f = gb_model_facts_of(m);
    if (o->json) {
        j = json_object();
        json_object_set_new(j, "path", gb_json_string(o->output));
        json_object_set_new(j, "types", gb_json_string(f.types));
        json_object_set_new(j, "bytes",
                            gb_json_u64(gb_tensors_size(m->tensors)));
        ok = gb_put_json(j, err);
    } else {
        gb_str_printf(&out, "%s: ", o->output);
        gb_put_count(&out, f.parameters);
        gb_str_printf(&out, " parameters, %s, ", f.types);
        gb_put_bytes(&out, gb_tensors_size(m->tensors));
        gb_str_putc(&out, '\n');
        ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    }
    gb_str_free(&out);
    gb_model_close(m);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_opened opened = {.model = NULL};
    plan p = {.tensors = NULL};
    bool ok;

    if (o->output == NULL) {
        gb_fail_usage(err, "name the file to write: -o FILE.gguf");
        return (int)err->status;
    }
    ok = gb_open_model(o->n_args > 0 ? o->args[0] : o->model, &opened, err);
    if (ok) {
        make_plan(&p, opened.model, o->dtype);
        ok = write_file(&p, &opened, o->output, err);
    }
    gb_opened_quiet(&opened);
    gb_opened_close(&opened);
    free(p.tensors);
    ok = ok && tell(o, err);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_convert = {
    .name = "convert",
    .args = "[MODEL]",
    .summary = "Write a model as a GGUF file",
    .help =
        "Writes MODEL, a folder, a GGUF file or a name (default: --model), as "
        "one file that this program and llama.cpp load. --dtype is the type "
        "of its matrices: auto keeps each as it is where GGUF and this "
        "program have the type in common; q4_0 keeps the embedding, queries, "
        "keys and values at q8_0; rows that are no multiple of 32 stay at "
        "f16. Norms, biases and positions are of f32.\n"
        "A file that is there is not replaced, and what could not be written "
        "whole is removed. Models whose results would be others in llama.cpp "
        "(another activation, other scales of attention, more than two tokens "
        "that end a text) are refused. Where nothing ends a text an id "
        "without a token is named as its end, as llama.cpp would take one of "
        "its own otherwise.",
    .example = "gumbel convert gpt2 --dtype q8_0 -o gpt2.gguf\n"
               "gumbel generate -m ./gpt2.gguf \"One day\"",
    .self = GB_FOR_CONVERT,
    .max_args = 1,
    .run = run,
};
