/* gumbel sessions: what is kept, and to delete it. */
#include "base/json.h"
#include "cmd/commands.h"
#include "cmd/output.h"
#include "session/list.h"

#include <string.h>

static bool
put_listed(const gb_listed *l, gb_error *err)
{
    json_t *o = json_object();

    json_object_set_new(o, "path", gb_json_string(l->path));
    json_object_set_new(o, "date", gb_json_string(l->date));
    json_object_set_new(o, "model", gb_json_string(l->model));
    json_object_set_new(o, "words", gb_json_string(l->words));
    json_object_set_new(o, "tokens", gb_json_u64(l->tokens));
    return gb_put_json(o, err);
}

static bool
put_list(const gb_options *o, gb_list *list, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    bool ok = true;
    size_t i;

    gb_list_describe(list);
    for (i = 0; i < list->len && ok && o->json; i++)
        ok = put_listed(&list->data[i], err);
    if (!o->json) {
        gb_list_format(list, &out);
        ok = gb_put(&out, err);
    }
    gb_str_free(&out);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    gb_list list;
    bool ok = gb_list_read(&list, err);

    if (ok && o->n_args > 0 && strcmp(o->args[0], "rm") != 0)
        ok = gb_fail_usage(err, "expected rm or nothing, found \"%s\"",
                           o->args[0]);
    else if (ok && o->n_args == 1)
        ok = gb_fail_usage(err, "expected the numbers or files of the "
                           "sessions to delete");
    else if (ok && o->n_args > 1)
        ok = gb_list_remove(&list, o->args + 1, o->n_args - 1, NULL, err);
    else
        ok = ok && put_list(o, &list, err);
    gb_list_free(&list);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_sessions = {
    .name = "sessions",
    .args = "[rm N|FILE...]",
    .summary = "List the sessions that are kept, or delete some",
    .help =
        "One session a line, the newest first: number, when it began, model, "
        "tokens that the model wrote, first words. gumbel --resume goes on "
        "with the newest, gumbel --session FILE with any.\n"
        "rm deletes sessions by their numbers in the list, or their files.",
    .example = "gumbel sessions\n"
               "gumbel sessions rm 3 4",
    .self = GB_FOR_SESSIONS,
    .max_args = SIZE_MAX,
    .run = run,
};
