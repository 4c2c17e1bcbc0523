/* Weight files: what begins with a brace is the index of two shards, all else
 * is one file. Every tensor that can be had lies within its file. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "model/st_file.h"

static const char single[] = "model.safetensors";
static const char index_name[] = "model.safetensors.index.json";

static void
write_shard(const char *name, const char *tensor)
{
    char *header = gb_format("{\"%s\":{\"dtype\":\"F16\",\"shape\":[2],"
                             "\"data_offsets\":[0,4]}}", tensor);
    size_t n = strlen(header);
    unsigned char file[128] = {(unsigned char)n};
    char *path = fuzz_path(name);

    memcpy(file + 8, header, n);
    fuzz_write(path, file, 8 + n + 4);
    free(path);
    free(header);
}

static void
check_tensor(const gb_tensors *t, const gb_tensor *x)
{
    const gb_source *source = NULL;
    const char *path;
    gb_error err = GB_ERROR_INIT;
    float value;
    size_t i;

    FUZZ_CHECK(x->rank <= GB_MAX_RANK);
    FUZZ_CHECK(x->size == x->count * gb_dtype_size(x->dtype));
    for (i = 0; i < gb_tensors_files(t); i++) {
        source = gb_tensors_file(t, i, &path);
        if (x->source == source)
            break;
    }
    FUZZ_CHECK(i < gb_tensors_files(t));
    FUZZ_CHECK(x->at <= source->size && x->size <= source->size - x->at);
    if (x->count > 0) {
        FUZZ_CHECK(gb_tensor_read(x, 0, 1, &value, &err));
        FUZZ_CHECK(gb_tensor_read(x, x->count - 1, 1, &value, &err));
    }
}

static void
look_up(const gb_tensors *t, const char *name)
{
    gb_error err = GB_ERROR_INIT;
    gb_tensor x;

    if (gb_tensors_get(t, name, &x, &err))
        check_tensor(t, &x);
    else
        FUZZ_CHECK(err.text[0] != '\0');
}

/* The same file once more, for the keys of its tensors. */
static void
look_up_all(const gb_tensors *t)
{
    gb_tensor_file f;
    uint64_t end = 0;
    size_t i;

    FUZZ_CHECK(gb_st_file_open(&f, fuzz_folder(), single, NULL));
    for (i = 0; i < f.n_entries; i++) {
        FUZZ_CHECK(f.entries[i].begin == end);
        end = f.entries[i].end;
        FUZZ_CHECK(gb_tensors_has(t, f.entries[i].key));
        look_up(t, f.entries[i].key);
    }
    FUZZ_CHECK(end == f.size);
    gb_tensor_file_close(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *paths[2];
    bool index = size > 0 && data[0] == '{';
    gb_error err = GB_ERROR_INIT;
    gb_tensors *t;

    if (paths[0] == NULL) {
        paths[0] = fuzz_path(single);
        paths[1] = fuzz_path(index_name);
        write_shard("a", "wte");
        write_shard("b", "transformer.wpe");
    }
    unlink(paths[!index]);
    fuzz_write(paths[index], data, size);
    t = gb_tensors_open(fuzz_folder(), &err);
    if (t == NULL) {
        FUZZ_CHECK(err.text[0] != '\0');
        return 0;
    }
    look_up(t, "wte");
    look_up(t, "wpe");
    if (!index)
        look_up_all(t);
    gb_tensors_close(t);
    return 0;
}
