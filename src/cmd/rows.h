/* Rows for people, as wide as the terminal and in what it can show. */
#ifndef GB_CMD_ROWS_H
#define GB_CMD_ROWS_H

#include <stdbool.h>

#include "base/str.h"
#include "model/model.h"

/* Columns of the terminal on standard output; without one those of $COLUMNS,
 * else 80. */
unsigned gb_rows_width(void);

/* Whether only ASCII may be drawn. */
bool gb_rows_are_ascii(void);

/* Appends a token as it may be shown in a row: whole characters, nothing that
 * moves a cursor, the end-of-text token as a sign. */
void gb_rows_token(gb_str *out, const gb_model *m, gb_token id, bool ascii);

/* Appends text (without line ends) in exactly so many columns: cut or
 * followed by spaces. */
void gb_rows_field(gb_str *out, const char *text, unsigned columns,
                   bool ascii);

/* Appends a probability in five columns. */
void gb_rows_probability(gb_str *out, double p);

#endif
