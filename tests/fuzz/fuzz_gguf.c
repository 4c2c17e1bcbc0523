/* A GGUF file. One that opens has its tensors in the file, one after the
 * other, and a model of it reads what it says it has and gives any text
 * back. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/gguf.h"

static void
check_tensors(const gb_gguf *g)
{
    const gb_tensor_file *f = &g->file;
    const gb_tensor_entry *e;
    uint64_t end = 0;
    char *name;

    FUZZ_CHECK(f->data + f->size == f->source.size);
    for (e = f->entries; e < f->entries + f->n_entries; e++) {
        FUZZ_CHECK(end <= e->begin && e->begin <= e->end && e->end <= f->size);
        end = e->end;
        if (e->type == GB_DTYPES)
            continue;
        FUZZ_CHECK(e->end - e->begin == e->count / gb_dtype_block(e->type) *
                                            gb_dtype_size(e->type));
        name = gb_gguf_name(e->key);
        FUZZ_CHECK(name == NULL || strncmp(e->name, "blk.", 4) != 0 ||
                   strcmp(name, e->name) == 0);
        free(name);
    }
}

static void
check_model(gb_model *m)
{
    const gb_tensor *matrix = &m->blocks[0].fc_weight;
    const uint64_t row = matrix->shape[matrix->turned ? 0 : 1];
    gb_str back = GB_STR_INIT;
    float *x = gb_alloc_array(row, sizeof *x);
    gb_error err = GB_ERROR_INIT;

    FUZZ_CHECK(m->wte.shape[0] == m->config.n_vocab);
    FUZZ_CHECK(matrix->shape[0] == m->config.n_embd);
    FUZZ_CHECK(gb_tensor_read(matrix, matrix->count - row, row, x, &err));
    if (fuzz_text(m->tokenizer, m->config.n_vocab, "a b<|endoftext|>", 16,
                  false, true, &back))
        FUZZ_CHECK(back.len == 16);
    gb_str_free(&back);
    free(x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *path;
    gb_error err = GB_ERROR_INIT;
    gb_gguf *g;
    gb_model *m;

    if (path == NULL)
        path = fuzz_path("m.gguf");
    fuzz_write(path, data, size);
    g = gb_gguf_open(path, &err);
    if (g == NULL) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    check_tensors(g);
    gb_gguf_close(g);
    m = gb_model_open(path, &err);
    if (m != NULL)
        check_model(m);
    else
        FUZZ_CHECK(err.text[0] != '\0');
    gb_model_close(m);
    return 0;
}
