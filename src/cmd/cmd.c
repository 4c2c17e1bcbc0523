#include "cmd/cmd.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "cmd/commands.h"

const gb_command *const gb_commands[] = {
    &gb_cmd_generate,
    &gb_cmd_spectrum,
    &gb_cmd_sweep,
    &gb_cmd_logprobs,
    &gb_cmd_score,
    &gb_cmd_tokenize,
    &gb_cmd_convert,
    &gb_cmd_replay,
    &gb_cmd_sessions,
    &gb_cmd_pull,
    &gb_cmd_models,
    &gb_cmd_info,
    &gb_cmd_bench,
    &gb_cmd_devices,
    &gb_cmd_completion,
    NULL,
};

const gb_command *
gb_command_find(const char *name)
{
    const gb_command *const *p;

    for (p = gb_commands; *p != NULL; p++)
        if (strcmp((*p)->name, name) == 0)
            return *p;
    return NULL;
}

bool
gb_command_unknown(const char *name, gb_error *err)
{
    const char *names[GB_COUNT(gb_commands)], *near;
    char shown[GB_JSON_SHOWN];
    size_t n;

    for (n = 0; gb_commands[n] != NULL; n++)
        names[n] = gb_commands[n]->name;
    /* No command has a blank in it, but texts do. */
    if (strchr(name, ' ') != NULL)
        return gb_fail_usage(err, "unknown command %s; gumbel generate %s "
                             "writes this text on",
                             gb_json_quote(name, shown), shown);
    near = gb_nearest(name, names, n);
    if (near != NULL)
        return gb_fail_usage(err, "unknown command %s; did you mean \"%s\"?",
                             gb_json_quote(name, shown), near);
    return gb_fail_usage(err, "unknown command %s; gumbel --help lists the "
                         "commands", gb_json_quote(name, shown));
}
