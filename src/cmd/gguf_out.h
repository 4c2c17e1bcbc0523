/* Writing a model as a GGUF file that llama.cpp loads. */
#ifndef GB_CMD_GGUF_OUT_H
#define GB_CMD_GGUF_OUT_H

#include "base/progress.h"
#include "engine/packing.h"
#include "model/model.h"

/* Appends all that stands before the tensors: the metadata, and where tensors
 * lie, of which there are n. What llama.cpp would compute otherwise, or GGUF
 * has no words for, is refused. */
typedef struct gb_out_tensor {
    const gb_tensor *tensor;
    char name[64];
    gb_dtype dtype;      /* in the file */
    uint64_t at, size;   /* there, from the first tensor on; in bytes */
} gb_out_tensor;
#define GB_OUT_ALIGNMENT 32
bool gb_gguf_out_head(gb_str *out, const gb_model *m, gb_dtype_choice choice,
                      const gb_out_tensor *tensors, size_t n, gb_error *err);

/* Writes one tensor's rows to a descriptor, in the file's order. */
bool gb_gguf_out_tensor(const gb_out_tensor *t, int fd, const char *path,
                        const gb_progress *progress, uint64_t done,
                        uint64_t total, gb_error *err);

#endif
