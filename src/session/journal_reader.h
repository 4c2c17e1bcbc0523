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
    gb_ids ids;
    gb_str text, value;
};

/* Members of the object of the line read last. */

/* Says that one is not what it must be; returns false. */
bool gb_reader_refuse(gb_journal_reader *r, const char *name,
                      const char *expected, const json_t *found,
                      gb_error *err);
bool gb_reader_number(gb_journal_reader *r, const char *name, uint64_t limit,
                      uint64_t *value, gb_error *err);
bool gb_reader_string(gb_journal_reader *r, const char *name,
                      const char **value, gb_error *err);
/* Appends the bytes to r->text. */
bool gb_reader_hex(gb_journal_reader *r, const json_t *hex, gb_error *err);
bool gb_reader_mode(gb_journal_reader *r, gb_mode *mode, gb_error *err);

/* All that the event's type has. */
bool gb_reader_members(gb_journal_reader *r, gb_event *e, gb_error *err);

#endif
