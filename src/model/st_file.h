/* One safetensors file: an 8-byte little-endian header length, a JSON header,
 * then the data (https://github.com/huggingface/safetensors). */
#ifndef GB_MODEL_ST_FILE_H
#define GB_MODEL_ST_FILE_H

#include "model/tensor_file.h"

/* Opens folder/name; its entries come by offset and cover the data. Close it
 * with gb_tensor_file_close in any case. */
bool gb_st_file_open(gb_tensor_file *f, const char *folder, const char *name,
                     gb_error *err);

#endif
