/* Text to tokens and back, with the tokenizer that ships. */
#include "fuzz.h"

#include <string.h>

#include "model/split.h"

static gb_model *model;

static void
encode(const char *text, size_t n, bool specials, gb_ids *ids)
{
    FUZZ_CHECK(gb_tokenizer_encode(model->tokenizer, text, n, specials, ids,
                                   NULL));
}

static void
check_decoded(const gb_ids *ids, const char *text, size_t n)
{
    gb_str back = GB_STR_INIT;

    FUZZ_CHECK(gb_tokenizer_decode(model->tokenizer, ids->data, ids->len,
                                   &back, NULL));
    FUZZ_CHECK(back.len == n && memcmp(gb_str_cstr(&back), text, n) == 0);
    gb_str_free(&back);
}

/* Pieces follow each other without a gap, and each has tokens of its own. */
static void
check_pieces(const gb_ids *whole, const char *text, size_t n)
{
    static gb_split *split;
    gb_ids ids = GB_IDS_INIT;
    size_t at = 0, end;

    if (split == NULL)
        split = gb_split_open(NULL);
    FUZZ_CHECK(gb_split_begin(split, text, n, NULL));
    for (; at < n; at = end) {
        FUZZ_CHECK(gb_split_end(split, at, &end, NULL));
        FUZZ_CHECK(end > at && end <= n);
        encode(text + at, end - at, false, &ids);
    }
    FUZZ_CHECK(ids.len == whole->len);
    FUZZ_CHECK(ids.len == 0 || memcmp(ids.data, whole->data,
                                      ids.len * sizeof *ids.data) == 0);
    gb_ids_free(&ids);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    gb_ids ids = GB_IDS_INIT;

    if (model == NULL)
        model = gb_model_open_tokenizer(GB_SOURCE_MODELDIR "/stories", NULL);
    FUZZ_CHECK(model != NULL);
    encode(text, size, false, &ids);
    check_decoded(&ids, text, size);
    check_pieces(&ids, text, size);
    ids.len = 0;
    encode(text, size, true, &ids);
    check_decoded(&ids, text, size);
    gb_ids_free(&ids);
    return 0;
}
