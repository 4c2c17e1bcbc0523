/* Completion in the edit line. */
#ifndef GB_TUI_PROMPT_COMPLETE_H
#define GB_TUI_PROMPT_COMPLETE_H

#include "tui/prompt.h"

/* Lets readline ask who completes; with `keep`, words to choose from are kept
 * for gb_prompt_matches instead of printed. NULL ends it. */
void gb_prompt_complete_by(gb_prompt_complete *ask, void *arg, bool keep);

/* Completes words in a line that is not readline's; those to choose from are
 * kept likewise. */
void gb_prompt_complete_line(gb_str *line);

/* What gb_prompt_matches has is out of date. */
void gb_prompt_forget_matches(void);

#endif
