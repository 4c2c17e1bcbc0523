/* ckpt.pt, a checkpoint of nanoGPT (its train.py): a file of torch.save with
 * the weights in "model", as torch.nn.Linear keeps them, and the sizes in
 * "model_args". It is a model where it is in a folder without config.json. */
#ifndef GB_MODEL_CKPT_H
#define GB_MODEL_CKPT_H

#include <jansson.h>

#include "model/tensor_file.h"

#define GB_CKPT "ckpt.pt"

bool gb_ckpt_is_in(const char *folder);
/* Opens folder/name; its matrices of layers are turned (gb_tensor). Close it
 * with gb_tensor_file_close in any case. */
bool gb_ckpt_open(gb_tensor_file *f, const char *folder, const char *name,
                  gb_error *err);
/* Its model_args; the caller owns them. NULL is an error. */
json_t *gb_ckpt_args(const char *folder, gb_error *err);

#endif
