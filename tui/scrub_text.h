/* The last run beside what it would be with other settings: its text with
 * what differs marked, and where they part. Knows nothing of terminals. */
#ifndef GB_TUI_SCRUB_TEXT_H
#define GB_TUI_SCRUB_TEXT_H

#include "tui/flow.h"
#include "tui/transcript.h"

/* The run as it stands in the conversation. */
typedef struct gb_scrub_run {
    gb_str text;
    gb_written *tokens;  /* (n); their ends are those in text */
    uint32_t n;
} gb_scrub_run;

void gb_scrub_run_read(gb_scrub_run *run, const gb_transcript *t,
                       gb_place from);
void gb_scrub_run_free(gb_scrub_run *run);

/* Appends the end of the text before the run. */
void gb_scrub_before(gb_flow *f, const gb_transcript *t, gb_place from);
/* Appends the text of a trial: plain what the run has at the same step,
 * marked what it has not, and once, where they part, a line of how the run
 * went on. Returns the byte of the flow's text at which they do. */
size_t gb_scrub_flow(gb_flow *f, const gb_scrub_run *run,
                     const gb_seen_trial *trial, unsigned width, bool ascii);
/* Appends where they part, in as many words as there is room for: `parts after
 * 4 tokens, " a" → " the" (border 0.80)`, `after 4: " a" → " the"`. */
void gb_scrub_parting(gb_row *row, const gb_scrub_run *run,
                      const gb_seen_trial *trial);

/* Appends what is tried, and what it was: "T 0.76 (was 0.80), top-k 40". */
void gb_scrub_settings(gb_str *out, const gb_settings *was,
                       const gb_settings *now);

#endif
