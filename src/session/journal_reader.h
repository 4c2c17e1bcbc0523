/* What a journal reader is made of; only the files journal_*.c know. */
#ifndef GB_SESSION_JOURNAL_READER_H
#define GB_SESSION_JOURNAL_READER_H

#include <jansson.h>

#include "session/journal.h"

struct gb_journal_reader {
    char *shown;   /* name for messages */
    int fd;        /* -1: all is in the buffer */
    const atomic_bool *cancel; /* of waiting for more; or NULL */
    gb_str buffer; /* what was read, used up to `at` */
    size_t at;
    bool keep;     /* also what was used */
    bool ended;    /* there is no more */
    unsigned line; /* number of the last line */
    unsigned unknown;
    bool torn;
    gb_header header;
    char place[512];

    json_t *object; /* of the last event, which points into it */
    json_t **ahead; /* (n_ahead) of the lines from `at` on */
    size_t n_ahead;
    gb_event_store store;
};

#endif
