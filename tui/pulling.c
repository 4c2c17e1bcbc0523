#include "tui/pulling.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool
gb_ui_pull(gb_ui *ui, const char *arg, gb_error *err)
{
    char text[160];

    if (arg[0] != '\0' && strcmp(arg, "stop") != 0) {
        if (ui->puller != NULL)
            return gb_fail_usage(err, "a model is being loaded already; /pull "
                                 "stop ends that");
        ui->puller = gb_puller_start(arg, err);
        return ui->puller != NULL;
    }
    if (ui->puller == NULL)
        return gb_fail_usage(err, "no model is being loaded; /pull gpt2, or "
                             "/pull OWNER/NAME, loads one from the hub");
    if (arg[0] != '\0') {
        gb_puller_cancel(ui->puller);
        return true;
    }
    gb_puller_describe(ui->puller, text, sizeof text);
    ui->face->say(ui, text);
    return true;
}

void
gb_ui_pull_describe(const gb_ui *ui, gb_str *out)
{
    char text[160];

    if (ui->puller == NULL)
        return;
    gb_puller_describe(ui->puller, text, sizeof text);
    gb_str_puts(out, text);
}

int
gb_ui_pull_fd(const gb_ui *ui)
{
    return ui->puller != NULL ? gb_puller_fd(ui->puller) : -1;
}

static void
say_there(gb_ui *ui, const gb_pulled *pulled)
{
    char *text = gb_format("%s is there%s; /model %s switches to it",
                           pulled->name, pulled->was_there ? " already" : "",
                           pulled->name);

    ui->face->say(ui, text);
    free(text);
}

bool
gb_ui_pull_news(gb_ui *ui, gb_error *err)
{
    const gb_pulled *pulled;

    if (ui->puller == NULL || !gb_puller_look(ui->puller))
        return true;
    pulled = gb_puller_result(ui->puller, err);
    if (pulled != NULL)
        say_there(ui, pulled);
    else if (err->status == GB_INTERRUPTED)
        ui->face->say(ui, "stopped; what has come is kept, and the same /pull "
                      "goes on with it");
    gb_puller_close(ui->puller);
    ui->puller = NULL;
    return pulled != NULL || err->status == GB_INTERRUPTED;
}
