/* One file of torch.save: a ZIP archive of a pickle and of what its tensors
 * hold. It opens as a file of safetensors does (model/st_file.h). */
#ifndef GB_MODEL_PT_FILE_H
#define GB_MODEL_PT_FILE_H

#include "model/st_file.h"

/* Opens folder/name. Close it with gb_st_file_close in any case. */
bool gb_pt_file_open(gb_st_file *f, const char *folder, const char *name,
                     gb_error *err);

#endif
