/* The sessions that are kept. */
#ifndef GB_SESSION_LIST_H
#define GB_SESSION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

typedef struct gb_listed {
    char *path;
    double changed;  /* seconds since 1970 */
    /* When described; NULL before: */
    char *date;      /* when it began, UTC; "" when its header cannot be read */
    char *model;     /* its name */
    char *words;     /* the beginning of what the user wrote first */
    char *text;      /* more of what the user wrote, a line each time */
    uint64_t tokens; /* that the model wrote, in all takes */
} gb_listed;

typedef struct gb_list {
    gb_listed *data; /* newest first */
    size_t len;
} gb_list;

/* All sessions of the sessions' folder (none when there is no folder), their
 * paths alone. False: the folder cannot be read. */
bool gb_list_read(gb_list *list, gb_error *err);
/* Reads the files, for the rest that is to be known of them. */
void gb_list_describe(gb_list *list);
void gb_list_free(gb_list *list);

/* One a line, for people, when described: number, date, model, tokens,
 * words. */
void gb_list_format(const gb_list *list, gb_str *out);

/* The path of the session that somebody means by a number of the list (1: the
 * newest) or a file's name, below the folder or not; NULL: there is none. The
 * caller frees. */
char *gb_list_find(const gb_list *list, const char *what, gb_error *err);

/* What somebody means who may also name a file: one of this name, else a
 * number of the list. The caller frees. */
char *gb_list_path(const char *name, gb_error *err);

/* Deletes the sessions that somebody means by these names (n), see
 * gb_list_find; all are found before any is deleted. Refused when it is `own`
 * (the open one's path, or NULL), or a program is writing to it. */
bool gb_list_remove(const gb_list *list, const char *const *names, size_t n,
                    const char *own, gb_error *err);

#endif
