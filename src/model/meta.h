/* meta.pkl, which nanoGPT's prepare.py writes for a model of characters: an id
 * for each of them, under "stoi". */
#ifndef GB_MODEL_META_H
#define GB_MODEL_META_H

#include "model/tokenizer_files.h"

#define GB_META "meta.pkl"

bool gb_meta_is_in(const char *folder);
/* Reads folder/meta.pkl, executing nothing. What has several characters is a
 * special token, as nanoGPT only ever looks up one. Call
 * gb_tokenizer_files_free in any case. */
bool gb_meta_read(gb_tokenizer_files *f, const char *folder, gb_error *err);

#endif
