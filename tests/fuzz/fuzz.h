/* What the fuzz targets share. A target takes any bytes and must come back:
 * a crash, a report of the sanitizers or a check that does not hold is a
 * finding. doc/building.md says how to run them. */
#ifndef GB_TESTS_FUZZ_H
#define GB_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/* The target; libFuzzer calls it, or driver.c. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a message unless it holds. */
#define FUZZ_CHECK(holds) \
    ((holds) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #holds))
_Noreturn void fuzz_failed(const char *file, int line, const char *what);

/* A folder of this program's own, in memory where that can be had; HOME and
 * the XDG folders are in it from the first call on. Removed at the end. */
const char *fuzz_folder(void);
/* A path in it, for the life of the program; the caller keeps it. */
char *fuzz_path(const char *name);
/* Writes a file. */
void fuzz_write(const char *path, const void *data, size_t n);
/* Removes all that is in a folder. */
void fuzz_empty(const char *folder);

/* Encodes a text, from its beginning or as a part, and gives back what the ids
 * decode to, all of which are below `rows`. False where it says why not. */
bool fuzz_text(gb_tokenizer *t, uint32_t rows, const char *text, size_t n,
               bool whole, bool specials, gb_str *back);

/* Standard output and standard error say nothing from here on; what the
 * sanitizers report goes on to standard error. */
void fuzz_silence(void);

/* engine.c: an engine without weights. Its logits are hashes of the tokens
 * before, its heads the host's oracles, so that sessions replay as on a
 * device, a hundred times faster. After so many tokens it fails as a lost
 * device does. */
void fuzz_engine_limit(unsigned tokens);
/* A small model for it, open for the life of the program; its folder. */
gb_model *fuzz_model(void);
const char *fuzz_model_folder(void);

#endif
