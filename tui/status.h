/* The status bar's text, as pieces with styles, for any width. */
#ifndef GB_TUI_STATUS_H
#define GB_TUI_STATUS_H

#include "session/worker.h"
#include "tui/theme.h"

typedef struct gb_status_piece {
    gb_style style;
    char text[160];
} gb_status_piece;

#define GB_STATUS_PIECES 12

typedef struct gb_status_bar {
    gb_status_piece pieces[GB_STATUS_PIECES];
    size_t n;
} gb_status_bar;

typedef struct gb_status_in {
    gb_settings settings;
    gb_stats stats;
    gb_state state;
    gb_phase phase;
    uint64_t done, total;
    size_t waiting; /* texts and commands sent ahead */
} gb_status_in;

/* Fits into width columns by leaving out what matters least: first words,
 * then filters, then the speed. */
void gb_status_format(gb_status_bar *bar, const gb_status_in *in,
                      unsigned width, bool ascii);

/* What is going on, in words: "loading 40 %", "writing". */
void gb_status_state(const gb_status_in *in, char *out, size_t n);

#endif
