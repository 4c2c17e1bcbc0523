/* One file of torch.save: a ZIP archive of a pickle and of what its tensors
 * hold. Entries come as the pickle has them. */
#ifndef GB_MODEL_PT_FILE_H
#define GB_MODEL_PT_FILE_H

#include <jansson.h>

#include "model/tensor_file.h"

/* Opens folder/name. Close it with gb_tensor_file_close in any case. */
bool gb_pt_file_open(gb_tensor_file *f, const char *folder, const char *name,
                     gb_error *err);
/* The same where the tensors are in a dictionary under the key `of`. */
bool gb_pt_file_open_in(gb_tensor_file *f, const char *folder,
                        const char *name, const char *of, gb_error *err);
/* What such a dictionary has beside tensors (gb_pickle_numbers). */
json_t *gb_pt_file_numbers(const char *folder, const char *name,
                           const char *of, gb_error *err);

#endif
