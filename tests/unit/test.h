/* What every unit test starts with. */
#ifndef GB_TESTS_TEST_H
#define GB_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

/* cmocka 2 has a new name for this, and warns of the one that 1.1 has. */
#ifdef assert_uint_in_range
#undef assert_in_range
#define assert_in_range assert_uint_in_range
#endif

/* A path below the source tree, below ../shared/data beside it (NULL when
 * that is not there), and a fresh temporary folder that is removed at exit.
 * All in static or process-long storage. */
const char *test_source(const char *path);
const char *test_shared_data(const char *path);
const char *test_folder(void);

/* Fails with the error's text when ok is false. */
void test_ok(bool ok, const gb_error *err);
/* Fails unless err has this status and its text contains each of the
 * NULL-terminated strings. */
void test_fails_with(const gb_error *err, gb_status status, ...)
    __attribute__((sentinel));

/* The bytes of a file of tests/golden; process-long too. */
gb_str test_bytes(const char *name);

/* Writes a file below test_folder(); returns its path (static storage). */
const char *test_write(const char *name, const void *data, size_t n);

#endif
