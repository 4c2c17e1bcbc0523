/* What can be said of a model without reading its weights. */
#ifndef GB_CMD_MODEL_FACTS_H
#define GB_CMD_MODEL_FACTS_H

#include "base/json.h"
#include "base/str.h"
#include "model/model.h"

typedef struct gb_model_facts {
    uint64_t parameters; /* elements of the tensors that are computed with */
    uint64_t bytes;      /* of these in the files */
    char types[64];      /* of their elements: "f16", "f32, f16" */
} gb_model_facts;

/* m has its weights open. */
gb_model_facts gb_model_facts_of(const gb_model *m);

/* Appends "124M", "5.9M", "768". */
void gb_put_count(gb_str *out, uint64_t n);
/* Appends "548 MB", "12.1 MB", "665 bytes". */
void gb_put_bytes(gb_str *out, uint64_t n);

#endif
