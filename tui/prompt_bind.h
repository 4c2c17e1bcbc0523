/* What the edit line's own keys do: sending, new lines, moving between lines,
 * the editor. */
#ifndef GB_TUI_PROMPT_BIND_H
#define GB_TUI_PROMPT_BIND_H

#include "tui/prompt.h"

/* Adds the functions to readline and binds them in every keymap; after
 * rl_initialize, so that the user's inputrc has been read. */
void gb_prompt_bind(gb_prompt_edit *edit, void *arg);

#endif
