/* The last row of the screen: an error, a notice, or what the keys do. A
 * message that is longer than the row takes rows of its own above. */
#ifndef GB_TUI_LAST_H
#define GB_TUI_LAST_H

#include <stdbool.h>

typedef struct gb_last {
    const char *error, *notice;
    const char *const *hints; /* NULL-terminated: "F2 greedy" */
    bool goes_on; /* Enter alone goes on writing */
} gb_last;

/* The rows that the message takes besides the last one, `room` at most. */
unsigned gb_last_rows(const gb_last *l, unsigned width, unsigned room);
/* What has no room even there is in the log. */
void gb_last_draw_message(const gb_last *l, unsigned top, unsigned rows,
                          unsigned width);
/* The message if it fits; or the hints that do, help among them always. */
void gb_last_draw(const gb_last *l, unsigned row, unsigned width);

#endif
