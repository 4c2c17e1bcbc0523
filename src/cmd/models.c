/* gumbel models: what is installed, and to delete it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cells.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "cmd/model_facts.h"
#include "cmd/output.h"
#include "model/installed.h"

enum { COLUMNS = 7 };

static const char *
place_name(gb_where where)
{
    switch (where) {
    case GB_IN_DATA: return "data folder";
    case GB_IN_SOURCE: return "source tree";
    case GB_IN_SYSTEM: return "ships with gumbel";
    case GB_IN_HUB_CACHE: return "Hugging Face cache";
    }
    return "?";
}

/* "2026-11-26 11:34", UTC; "" for never. */
static void
put_date(gb_str *out, double when)
{
    time_t seconds = (time_t)when;
    char text[32];
    struct tm tm;

    if (when > 0 && gmtime_r(&seconds, &tm) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm) > 0)
        gb_str_puts(out, text);
}

static bool
put_model_json(const gb_installed *i, gb_error *err)
{
    gb_error why = GB_ERROR_INIT;
    gb_model *m = gb_model_open_weights(i->path, &why);
    double used = gb_model_last_used(i->name);
    json_t *o = json_object();
    gb_model_facts f;

    json_object_set_new(o, "name", gb_json_string(i->name));
    json_object_set_new(o, "path", gb_json_string(i->path));
    json_object_set_new(o, "where", json_string(place_name(i->where)));
    json_object_set_new(o, "size", gb_json_u64(gb_installed_size(i->path)));
    if (m != NULL) {
        f = gb_model_facts_of(m);
        json_object_set_new(o, "parameters", gb_json_u64(f.parameters));
        json_object_set_new(o, "types", json_string(f.types));
        json_object_set_new(o, "context", json_integer(m->config.n_ctx));
    }
    json_object_set_new(o, "last_used",
                        used > 0 ? json_integer((json_int_t)used)
                                 : json_null());
    json_object_set_new(o, "unusable",
                        m == NULL ? gb_json_string(why.text) : json_null());
    gb_model_close(m);
    return gb_put_json(o, err);
}

/* A row's cells; of one that cannot be used, *why says so. */
static void
fill_row(const gb_installed *i, gb_str row[COLUMNS], gb_error *why)
{
    gb_model *m = gb_model_open_weights(i->path, why);
    gb_model_facts f;

    gb_str_puts(&row[0], i->name);
    gb_put_bytes(&row[1], gb_installed_size(i->path));
    if (m != NULL) {
        f = gb_model_facts_of(m);
        gb_put_count(&row[2], f.parameters);
        gb_str_puts(&row[3], f.types);
        gb_str_printf(&row[4], "%u", (unsigned)m->config.n_ctx);
    }
    put_date(&row[5], gb_model_last_used(i->name));
    gb_str_puts(&row[6], i->path);
    gb_model_close(m);
}

static size_t
width_of(const gb_str *cell)
{
    return gb_cells_width(gb_str_cstr(cell), cell->len, false);
}

static void
put_row(gb_str *out, const gb_str row[COLUMNS], const size_t widths[COLUMNS])
{
    size_t c;

    for (c = 0; c < COLUMNS; c++) {
        gb_str_append(out, gb_str_cstr(&row[c]), row[c].len);
        if (c + 1 < COLUMNS)
            gb_str_printf(out, "%*s",
                          (int)(widths[c] - width_of(&row[c]) + 2), "");
    }
    gb_str_putc(out, '\n');
}

static bool
put_table(const gb_installed_list *l, gb_error *err)
{
    static const char *const titles[COLUMNS] = {
        "NAME", "SIZE", "PARAMETERS", "TYPES", "CONTEXT", "LAST USED",
        "WHERE"};
    gb_str(*rows)[COLUMNS] = gb_alloc_array(l->len + 1, sizeof *rows);
    gb_error *why = gb_alloc_array(l->len + 1, sizeof *why);
    size_t widths[COLUMNS] = {0}, i, c;
    gb_str out = GB_STR_INIT;
    bool ok;

    for (c = 0; c < COLUMNS; c++)
        gb_str_puts(&rows[0][c], titles[c]);
    for (i = 0; i < l->len; i++)
        fill_row(&l->data[i], rows[i + 1], &why[i + 1]);
    for (i = 0; i <= l->len; i++)
        for (c = 0; c < COLUMNS; c++)
            if (widths[c] < width_of(&rows[i][c]))
                widths[c] = width_of(&rows[i][c]);
    for (i = 0; i <= l->len; i++) {
        put_row(&out, rows[i], widths);
        if (why[i].text[0] != '\0')
            gb_str_printf(&out, "  cannot be used: %s\n", why[i].text);
        for (c = 0; c < COLUMNS; c++)
            gb_str_free(&rows[i][c]);
    }
    ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    gb_str_free(&out);
    free(why);
    free(rows);
    return ok;
}

static bool
list_models(const gb_options *o, gb_error *err)
{
    gb_installed_list l;
    bool ok = true;
    size_t i;

    gb_installed_read(&l);
    for (i = 0; i < l.len && ok && o->json; i++)
        ok = put_model_json(&l.data[i], err);
    if (!o->json)
        ok = put_table(&l, err);
    gb_installed_free(&l);
    return ok;
}

static int
run(const gb_options *o, gb_error *err)
{
    bool ok = true;
    size_t i;

    if (o->n_args == 0)
        ok = list_models(o, err);
    else if (strcmp(o->args[0], "rm") != 0)
        ok = gb_fail_usage(err, "expected rm or nothing, found \"%s\"",
                           o->args[0]);
    else if (o->n_args == 1)
        ok = gb_fail_usage(err, "expected the names of the models to delete");
    for (i = 1; i < o->n_args && ok; i++)
        ok = gb_installed_remove(o->args[i], err);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_models = {
    .name = "models",
    .args = "[rm NAME...]",
    .summary = "List the models that are installed, or delete some",
    .help =
        "One model a line: the name that --model takes, bytes of its files, "
        "parameters, types of the weights, tokens that the context holds, "
        "when it was last used, and where it is. Models that Hugging Face's "
        "libraries have loaded are among them. Of the weights only headers "
        "are read.\n"
        "rm deletes models of your own ($XDG_DATA_HOME/gumbel/models), also "
        "what is there of one that was not loaded to its end.",
    .example = "gumbel models\n"
               "gumbel models rm distilgpt2",
    .self = GB_FOR_MODELS,
    .max_args = SIZE_MAX,
    .run = run,
};
