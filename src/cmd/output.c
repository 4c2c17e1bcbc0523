#include "cmd/output.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"

#define INPUT_LIMIT ((size_t)256 << 20) /* bytes of standard input */

/* Tells who started the program without a text what it is waiting for. */
static void
explain_waiting(void)
{
    static const char text[] =
        "gumbel: reading text from the terminal; Ctrl-D ends it\n";

    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
        gb_fd_write(STDERR_FILENO, "standard error", text, sizeof text - 1,
                    NULL);
}

bool
gb_read_text(const gb_options *o, gb_str *out, gb_error *err)
{
    static const char input[] = "standard input";

    if (o->n_args > 0) {
        gb_str_puts(out, o->args[0]);
        return true;
    }
    explain_waiting();
    return gb_fd_read(STDIN_FILENO, input, INPUT_LIMIT, out, err) &&
           gb_text_begin(out, input, err);
}

static bool
put(const char *bytes, size_t n, gb_error *err)
{
    return gb_fd_write(STDOUT_FILENO, "standard output", bytes, n, err);
}

bool
gb_put(const gb_str *bytes, gb_error *err)
{
    return put(gb_str_cstr(bytes), bytes->len, err);
}

bool
gb_put_text(const char *text, size_t n, gb_error *err)
{
    gb_str visible = GB_STR_INIT;
    bool ok;

    if (!isatty(STDOUT_FILENO))
        return put(text, n, err);
    gb_utf8_visible(&visible, text, n, true);
    ok = gb_put(&visible, err);
    gb_str_free(&visible);
    return ok;
}

bool
gb_put_line_end(const gb_str *text, gb_error *err)
{
    if (!isatty(STDOUT_FILENO) ||
        (text->len > 0 && text->data[text->len - 1] == '\n'))
        return true;
    return put("\n", 1, err);
}

json_t *
gb_json_ids(const gb_ids *ids)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < ids->len; i++)
        json_array_append_new(list, json_integer(ids->data[i]));
    return list;
}

void
gb_json_line(json_t *object, gb_str *out)
{
    gb_str json = GB_STR_INIT;

    gb_json_dump(object, &json);
    gb_utf8_escape(out, gb_str_cstr(&json), json.len);
    gb_str_putc(out, '\n');
    gb_str_free(&json);
}

bool
gb_put_json(json_t *object, gb_error *err)
{
    gb_str line = GB_STR_INIT;
    bool ok;

    gb_json_line(object, &line);
    ok = gb_put(&line, err);
    gb_str_free(&line);
    return ok;
}

void
gb_put_note(const char *text)
{
    gb_str line = GB_STR_INIT;

    gb_utf8_visible(&line, text, strlen(text), false);
    gb_str_putc(&line, '\n');
    gb_fd_write(STDERR_FILENO, "standard error", line.data, line.len, NULL);
    gb_str_free(&line);
}
