/* config.json: what is accepted can be computed with. */
#include "fuzz.h"

#include <math.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *path;
    gb_error err = GB_ERROR_INIT;
    gb_config c;
    uint32_t i;

    if (path == NULL)
        path = fuzz_path("config.json");
    fuzz_write(path, data, size);
    if (!gb_config_load(fuzz_folder(), &c, &err)) {
        FUZZ_CHECK(err.status != GB_OK && err.text[0] != '\0');
        return 0;
    }
    FUZZ_CHECK(c.n_layer >= 1 && c.n_head >= 1 && c.n_ctx >= 1);
    FUZZ_CHECK(c.n_inner >= 1 && c.n_vocab >= 1);
    FUZZ_CHECK(c.n_embd == c.n_head * c.head_size && c.head_size >= 1);
    FUZZ_CHECK(c.ends.n <= GB_MAX_ENDS);
    for (i = 0; i < c.ends.n; i++)
        FUZZ_CHECK(c.ends.ids[i] < c.n_vocab);
    FUZZ_CHECK(c.start_id < c.n_vocab || c.start_id == GB_NO_TOKEN);
    FUZZ_CHECK(isfinite(c.ln_eps) && c.ln_eps > 0);
    return 0;
}
