/* The user's config file: what it sets is as if set by hand. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/config_file.h"

/* What a setting is, it can be set to. */
static void
check_settings(const gb_settings *s)
{
    gb_str value = GB_STR_INIT, again = GB_STR_INIT;
    gb_settings copy;
    size_t i;

    gb_settings_init(&copy);
    for (i = 0; gb_settings_names[i] != NULL; i++) {
        gb_str_clear(&value);
        gb_str_clear(&again);
        FUZZ_CHECK(gb_settings_get(s, gb_settings_names[i], &value));
        FUZZ_CHECK(gb_settings_set(&copy, gb_settings_names[i],
                                   gb_str_cstr(&value), NULL));
        FUZZ_CHECK(gb_settings_get(&copy, gb_settings_names[i], &again));
        FUZZ_CHECK(strcmp(gb_str_cstr(&value), gb_str_cstr(&again)) == 0);
    }
    gb_str_free(&value);
    gb_str_free(&again);
}

/* At most one a line, each a line of its own. */
static void
check_complaints(const gb_str *complaints, const uint8_t *data, size_t size)
{
    size_t lines = 2, said = 0, i;

    for (i = 0; i < size; i++)
        lines += data[i] == '\n';
    for (i = 0; i < complaints->len; i++)
        said += complaints->data[i] == '\n';
    FUZZ_CHECK(said <= lines);
    FUZZ_CHECK(complaints->len == 0 ||
               complaints->data[complaints->len - 1] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *path;
    gb_options o = {.complaints = GB_STR_INIT};

    if (path == NULL)
        path = fuzz_path("config");
    gb_settings_init(&o.settings);
    fuzz_write(path, data, size);
    gb_config_file_read(path, &o, &o.complaints);
    check_settings(&o.settings);
    check_complaints(&o.complaints, data, size);
    gb_options_free(&o);
    return 0;
}
