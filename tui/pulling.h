/* /pull: a model comes from the hub while the story goes on. */
#ifndef GB_TUI_PULLING_H
#define GB_TUI_PULLING_H

#include "hub/puller.h"
#include "tui/commands.h"

/* The command: a name begins, "stop" ends it, "" tells how far it is. */
bool gb_ui_pull(gb_ui *ui, const char *arg, gb_error *err);

/* Appends how far it is, with a space on either side; nothing while nothing
 * comes. */
void gb_ui_pull_describe(const gb_ui *ui, gb_str *out);

/* The descriptor that polls readable when gb_ui_pull_news has something to
 * do; -1 while nothing comes. */
int gb_ui_pull_fd(const gb_ui *ui);
/* Says it when the model is there; an error when it will not come. */
bool gb_ui_pull_news(gb_ui *ui, gb_error *err);

#endif
