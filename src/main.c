/* Picks the command. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/locale.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "engine/pocl.h"
#include "session/list.h"
#include "tui/tui.h"

/* Prints text as lines of messages, safely. */
static void
complain(const char *text)
{
    gb_str line = GB_STR_INIT;

    gb_str_puts(&line, "gumbel: ");
    gb_utf8_visible(&line, text, strlen(text), false);
    gb_str_putc(&line, '\n');
    gb_fd_write(STDERR_FILENO, "standard error", line.data, line.len, NULL);
    gb_str_free(&line);
}

static void
complain_lines(const gb_str *lines)
{
    const char *p = gb_str_cstr(lines), *end;
    gb_str line = GB_STR_INIT;

    for (; (end = strchr(p, '\n')) != NULL; p = end + 1) {
        gb_str_clear(&line);
        gb_str_append(&line, p, (size_t)(end - p));
        complain(gb_str_cstr(&line));
    }
    gb_str_free(&line);
}

/* Sees to it that no file which is opened later becomes standard input,
 * output or error: a closed one is replaced by one that cannot be used. */
static void
keep_standard_files(void)
{
    int fd;

    for (fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* What a compiler said, line by line. */
static void
complain_log(const char *log)
{
    gb_str lines = GB_STR_INIT;

    gb_utf8_visible(&lines, log, strlen(log), true);
    if (lines.len > 0 && lines.data[lines.len - 1] != '\n')
        gb_str_putc(&lines, '\n');
    gb_fd_write(STDERR_FILENO, "standard error", lines.data, lines.len, NULL);
    gb_str_free(&lines);
}

static int
print(const gb_options *o, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    bool ok;

    if (o->version)
        gb_version(&out);
    else
        gb_help(&out, o->command != NULL ? gb_command_find(o->command) : NULL);
    ok = gb_put(&out, err);
    gb_str_free(&out);
    return ok ? GB_OK : (int)err->status;
}

/* The newest session's file; the caller frees. */
static char *
newest_session(gb_error *err)
{
    char *path = NULL;
    gb_list list;

    if (!gb_list_read(&list, err))
        return NULL;
    if (list.len > 0)
        path = gb_strdup(list.data[0].path);
    else
        gb_fail_usage(err, "there is no session to resume yet");
    gb_list_free(&list);
    return path;
}

static int
interface(const gb_options *o, gb_error *err)
{
    char *resumed = o->resume ? newest_session(err) : NULL;
    int status;
    gb_tui_options tui = {
        .worker = {.model = o->model,
                   .device = o->device,
                   .dtype = o->dtype,
                   .draft = o->draft,
                   .prefill = o->prefill,
                   .cache_type = o->cache_type,
                   .cache_bytes = o->cache_bytes,
                   .settings = o->settings,
                   .mode = o->mode,
                   .pace = o->paced ? o->pace : -1,
                   .journal = !o->no_session,
                   .path = o->session,
                   .load = o->load},
        .color = (gb_color_choice)o->color,
        .colouring = (gb_colouring)o->colour,
        .no_mouse = o->mouse != 0,
        .complaints = gb_str_cstr(&o->complaints),
    };

    if (o->resume && resumed == NULL)
        return (int)err->status;
    if (resumed != NULL)
        tui.worker.path = resumed;
    status = gb_tui_main(&tui, err);
    free(resumed);
    return status;
}

static int
run(const gb_options *o, gb_error *err)
{
    if (o->help || o->version)
        return print(o, err);
    if (o->command != NULL)
        return gb_command_find(o->command)->run(o, err);
    return interface(o, err);
}

int
main(int argc, char **argv)
{
    gb_error err = GB_ERROR_INIT;
    gb_options options;
    int status = GB_USAGE;

    keep_standard_files();
    gb_pocl_prepare();
    gb_locale_open();
    signal(SIGPIPE, SIG_IGN);   /* writing says what happened */
    signal(SIGXFSZ, SIG_IGN);
    if (gb_options_read(&options, argc, argv, &err)) {
        complain_lines(&options.complaints);
        status = run(&options, &err);
    }
    if ((status == GB_FAILED || status == GB_USAGE) && err.text[0] != '\0') {
        complain(err.text);
        complain_log(err.log);
    }
    gb_options_free(&options);
    return status;
}
