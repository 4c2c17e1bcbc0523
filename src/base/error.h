/* Errors travel as a value: the function that fails fills in one sentence,
 * its callers may put context in front, main prints it. */
#ifndef GB_BASE_ERROR_H
#define GB_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* The values are the exit statuses of the program. */
typedef enum gb_status {
    GB_OK = 0,
    GB_FAILED = 1,
    GB_USAGE = 2,
    GB_INTERRUPTED = 130,
    GB_NO_READER = 141, /* as of a program that SIGPIPE ended */
} gb_status;

typedef struct gb_error {
    gb_status status;
    char text[1024]; /* UTF-8, one sentence, no final newline */
    char log[2048];  /* lines of a compiler that go with it; mostly "" */
} gb_error;

#define GB_ERROR_INIT {GB_OK, "", ""}

/* Fills in err (which may be NULL) with GB_FAILED and the text. Returns
 * false, so that a caller can write `return gb_fail(err, ...)`. */
bool gb_fail(gb_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with GB_USAGE: the command line or a setting is wrong. */
bool gb_fail_usage(gb_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with GB_INTERRUPTED: the user stopped it. */
bool gb_fail_interrupted(gb_error *err);

/* The same with GB_NO_READER: who read the output called `name` has gone.
 * Nobody needs to be told. */
bool gb_fail_no_reader(gb_error *err, const char *name);

/* Puts "context: " in front of the text of err. Returns false. */
bool gb_fail_context(gb_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
