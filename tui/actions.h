/* What the commands of commands.def do. arg is what stood behind the name,
 * without spaces around it; "" for nothing. */
#ifndef GB_TUI_ACTIONS_H
#define GB_TUI_ACTIONS_H

#include "tui/commands.h"

bool do_temp(gb_ui *ui, const char *arg, gb_error *err);
bool do_seed(gb_ui *ui, const char *arg, gb_error *err);
bool do_greedy(gb_ui *ui, const char *arg, gb_error *err);
bool do_topk(gb_ui *ui, const char *arg, gb_error *err);
bool do_topp(gb_ui *ui, const char *arg, gb_error *err);
bool do_minp(gb_ui *ui, const char *arg, gb_error *err);
bool do_max(gb_ui *ui, const char *arg, gb_error *err);
bool do_stop(gb_ui *ui, const char *arg, gb_error *err);
bool do_continue(gb_ui *ui, const char *arg, gb_error *err);
bool do_retry(gb_ui *ui, const char *arg, gb_error *err);
bool do_reseed(gb_ui *ui, const char *arg, gb_error *err);
bool do_undo(gb_ui *ui, const char *arg, gb_error *err);
bool do_redo(gb_ui *ui, const char *arg, gb_error *err);
bool do_edit(gb_ui *ui, const char *arg, gb_error *err);
bool do_clear(gb_ui *ui, const char *arg, gb_error *err);
bool do_note(gb_ui *ui, const char *arg, gb_error *err);
bool do_model(gb_ui *ui, const char *arg, gb_error *err);
bool do_device(gb_ui *ui, const char *arg, gb_error *err);
bool do_mode(gb_ui *ui, const char *arg, gb_error *err);
bool do_save(gb_ui *ui, const char *arg, gb_error *err);
bool do_save_over(gb_ui *ui, const char *arg, gb_error *err);
bool do_load(gb_ui *ui, const char *arg, gb_error *err);
bool do_replay(gb_ui *ui, const char *arg, gb_error *err);
bool do_export(gb_ui *ui, const char *arg, gb_error *err);
bool do_export_over(gb_ui *ui, const char *arg, gb_error *err);
bool do_read(gb_ui *ui, const char *arg, gb_error *err);
bool do_set(gb_ui *ui, const char *arg, gb_error *err);
bool do_show(gb_ui *ui, const char *arg, gb_error *err);
bool do_find(gb_ui *ui, const char *arg, gb_error *err);
bool do_scroll(gb_ui *ui, const char *arg, gb_error *err);
bool do_log(gb_ui *ui, const char *arg, gb_error *err);
bool do_redraw(gb_ui *ui, const char *arg, gb_error *err);
bool do_suspend(gb_ui *ui, const char *arg, gb_error *err);
bool do_help(gb_ui *ui, const char *arg, gb_error *err);
bool do_quit(gb_ui *ui, const char *arg, gb_error *err);

#endif
