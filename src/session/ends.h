/* Where the tokens of a text lie in what is shown of it. */
#ifndef GB_SESSION_ENDS_H
#define GB_SESSION_ENDS_H

#include "session/tree.h"

/* Sets the end of each token of a node whose text is there: chat puts words of
 * its own around it, a tokenizer something before it, and the model may not
 * see its beginning. Where a tokenizer changes a text, a token ends where so
 * many characters of it do, each with its accents: as many as are shown. */
void gb_node_place_ends(gb_node *n, const gb_tokenizer *t);

#endif
