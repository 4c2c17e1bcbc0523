/* The weights of a model, in whatever container. */
#ifndef GB_MODEL_TENSORS_H
#define GB_MODEL_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "model/tensor_file.h"

/* One or several open files. */
typedef struct gb_tensors gb_tensors;

/* Opens folder/model.safetensors, or the shards that
 * folder/model.safetensors.index.json names; where there is neither,
 * pytorch_model.bin or its shards; without config.json ckpt.pt (model/ckpt.h).
 * Every offset, shape and size is checked against the file before anything can
 * be looked up; as safetensors demands, its tensors cover the data without gap
 * or overlap. A tensor of a dtype that
 * is not supported is no error until it is asked for. */
gb_tensors *gb_tensors_open(const char *folder, gb_error *err);
/* Whether a folder has a file that this would open. */
bool gb_tensors_are_in(const char *folder);
/* Whether it would open this file in it first of all, by its name. */
bool gb_tensors_are_found_by(const char *folder, const char *name);
/* Takes over one file that is open already. */
gb_tensors *gb_tensors_take(gb_tensor_file file, gb_error *err);
void gb_tensors_close(gb_tensors *t);

/* Looks a tensor up by Transformers' name for it, with and without
 * "transformer." in front, and whatever torch.compile put before that.
 * Returns false and an error when it is missing, there under both names, or of
 * an unsupported dtype or rank; gb_tensors_has only tells whether it is there.
 * The tensor lives as long as t. */
bool gb_tensors_get(const gb_tensors *t, const char *name, gb_tensor *out,
                    gb_error *err);
bool gb_tensors_has(const gb_tensors *t, const char *name);

/* All that the files hold, by their keys. */
size_t gb_tensors_count(const gb_tensors *t);
const gb_tensor_entry *gb_tensors_at(const gb_tensors *t, size_t i);

/* Bytes in all files together. */
uint64_t gb_tensors_size(const gb_tensors *t);

/* The files, in order of their names. */
size_t gb_tensors_files(const gb_tensors *t);
const gb_source *gb_tensors_file(const gb_tensors *t, size_t i,
                                 const char **path);

#endif
