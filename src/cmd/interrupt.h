/* Ctrl-C: the first one asks to stop, the second one kills. */
#ifndef GB_CMD_INTERRUPT_H
#define GB_CMD_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/* From now on SIGINT sets the flag; a second one ends the program as it
 * would have without this. */
void gb_interrupt_catch(void);

/* Ends what runs as SIGINT would. */
void gb_interrupt_now(void);

/* Set once SIGINT has come. */
const atomic_bool *gb_interrupt_flag(void);

#endif
