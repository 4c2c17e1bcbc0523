/* The status row: what is set, how fast it writes, and why it rests. Fields
 * stand where they stand, so that nothing jumps while figures change. */
#ifndef GB_TUI_STATUS_H
#define GB_TUI_STATUS_H

#include "session/worker.h"
#include "tui/row.h"

typedef struct gb_status_in {
    gb_settings settings;
    gb_stats stats;
    gb_state state;
    gb_phase phase;
    uint64_t done, total;
    size_t waiting;   /* texts and commands sent ahead */
    double pace;      /* tokens a second; 0: as fast as it can */
    const gb_settings *written; /* with which the text was that is looked at;
                                   NULL: none */
} gb_status_in;

/* Fills the row; what matters least is left out where there is no room. */
void gb_status_put(gb_row *row, const gb_status_in *status);

/* The parts of it that a strip of few rows shows beside the axis. */
void gb_status_put_temperature(gb_row *row, const gb_status_in *status);
void gb_status_put_state(gb_row *row, const gb_status_in *status,
                         bool pace); /* instead of "writing" */

/* What is going on, in words: "loading 40 %", "writing", "limit". */
void gb_status_words(const gb_status_in *status, char *out, size_t n);

#endif
