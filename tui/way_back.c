#include "tui/way_back.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"

static void
put_option(gb_str *out, const char *option, const char *value)
{
    gb_str_printf(out, " %s ", option);
    gb_shell_quote(out, value);
}

static void
put_path(gb_str *out, const char *path)
{
    char *absolute = gb_path_absolute(path);

    gb_shell_quote(out, absolute);
    free(absolute);
}

/* A name by which the shell has found the program will be found again. */
static void
put_program(gb_str *out)
{
    const char *name = program_invocation_name;

    if (strchr(name, '/') != NULL)
        put_path(out, name);
    else
        gb_shell_quote(out, name);
}

/* Whether the model is what the program takes when it is told nothing. */
static bool
is_default(const char *folder, const char *asked)
{
    char *found = asked == NULL ? gb_model_find(NULL, NULL) : NULL;
    char *absolute = found != NULL ? gb_path_absolute(found) : NULL;
    bool same = absolute != NULL && strcmp(absolute, folder) == 0;

    free(found);
    free(absolute);
    return same;
}

void
gb_way_back(gb_str *out, const gb_mirror *m, const gb_worker_options *options)
{
    static const char *const prefills[] = {NULL, "own", "clblast"};

    if (m->file == NULL)
        return;
    put_program(out);
    gb_str_puts(out, " --load ");
    put_path(out, m->file);
    if (m->folder != NULL && !is_default(m->folder, options->model))
        put_option(out, "-m", m->folder);
    if (m->spec != NULL)
        put_option(out, "-d", m->spec);
    if (options->dtype != GB_DTYPE_AUTO)
        put_option(out, "--dtype", gb_dtype_choice_name(options->dtype));
    if (prefills[options->prefill] != NULL)
        put_option(out, "--prefill", prefills[options->prefill]);
    if (options->cache_type != GB_DTYPE_AUTO)
        put_option(out, "--cache-type",
                   gb_dtype_choice_name(options->cache_type));
    if (options->cache_bytes > 0)
        gb_str_printf(out, " --cache %llu",
                      (unsigned long long)(options->cache_bytes >> 20));
}
