#include "cmd/ignored.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "model/tokenizer_files.h"

static bool
ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static void
add(gb_ignored *l, const char *what, const char *name, const char *why)
{
    l->data = gb_realloc_array(l->data, l->len + 1, sizeof *l->data);
    l->data[l->len].what = what;
    l->data[l->len].name = gb_strdup(name);
    l->data[l->len++].why = why;
}

static const char *
why_not_used(const char *tensor)
{
    if (ends_with(tensor, ".attn.bias") ||
        ends_with(tensor, ".attn.masked_bias"))
        return "the causal mask, which is computed";
    if (ends_with(tensor, "lm_head.weight"))
        return "the same as wte.weight";
    return "no part of a GPT-2 model";
}

static bool
is_used(const gb_tensor **used, size_t n, const char *name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (used[i]->name == name || strcmp(used[i]->name, name) == 0)
            return true;
    return false;
}

static void
list_tensors(gb_ignored *l, const gb_model *m)
{
    size_t n, n_used, i;
    const gb_tensor **used = gb_model_tensors(m, &n_used);
    const gb_tensor_entry *e;

    n = gb_tensors_count(m->tensors);
    for (i = 0; i < n; i++) {
        e = gb_tensors_at(m->tensors, i);
        if (!is_used(used, n_used, e->name))
            add(l, "tensor", e->name, why_not_used(e->name));
    }
    free(used);
}

static bool
is_open(const gb_model *m, const char *name)
{
    size_t n = m != NULL ? gb_tensors_files(m->tensors) : 0, i;
    const char *path;

    for (i = 0; i < n; i++) {
        gb_tensors_file(m->tensors, i, &path);
        if (strcmp(strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path,
                   name) == 0)
            return true;
    }
    return false;
}

/* Why a file that could have been meant for us is not read; else NULL. */
static const char *
why_not_read(const char *name, bool tokenizer_json)
{
    static const char *const ours[] = {".safetensors", ".bin", ".pt", ".gguf"};
    static const char *const others[] = {".h5", ".msgpack", ".ot", ".onnx",
                                         ".tflite", ".mlmodel"};
    size_t i;

    for (i = 0; i < GB_COUNT(ours); i++)
        if (ends_with(name, ours[i]))
            return "another file of weights goes before it";
    for (i = 0; i < GB_COUNT(others); i++)
        if (ends_with(name, others[i]))
            return "weights for other programs";
    if (tokenizer_json && (strcmp(name, "vocab.json") == 0 ||
                           strcmp(name, "merges.txt") == 0))
        return "tokenizer.json goes before it";
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_files(gb_ignored *l, const char *folder, const gb_model *m)
{
    char *path = gb_path_join(folder, "tokenizer.json"), **names = NULL;
    const bool tokenizer_json = gb_is_file(path);
    const struct dirent *entry;
    size_t n = 0, i;
    const char *why;
    DIR *dir = opendir(folder);

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        names = gb_realloc_array(names, n + 1, sizeof *names);
        names[n++] = gb_strdup(entry->d_name);
    }
    if (n > 0)
        qsort(names, n, sizeof *names, compare);
    for (i = 0; i < n; i++) {
        why = is_open(m, names[i]) ? NULL
                                   : why_not_read(names[i], tokenizer_json);
        if (why != NULL)
            add(l, "file", names[i], why);
        free(names[i]);
    }
    free(names);
    if (dir != NULL)
        closedir(dir);
    free(path);
}

static void
list_fields(gb_ignored *l, const char *folder)
{
    static const char *const fields[] = {"add_bos_token", "add_eos_token"};
    size_t i;

    for (i = 0; i < GB_COUNT(fields); i++)
        if (gb_tokenizer_files_ignore(folder, fields[i]))
            add(l, "field", fields[i],
                "tokenizer.json goes before tokenizer_config.json");
}

void
gb_ignored_list(gb_ignored *l, const char *folder, const gb_model *m)
{
    *l = (gb_ignored){NULL, 0};
    if (m != NULL)
        list_tensors(l, m);
    list_files(l, folder, m);
    list_fields(l, folder);
}

void
gb_ignored_free(gb_ignored *l)
{
    size_t i;

    for (i = 0; i < l->len; i++)
        free(l->data[i].name);
    free(l->data);
    *l = (gb_ignored){NULL, 0};
}
