/* The programs that tests of kernels go through: every shape, weight type and
 * some head sizes; and what such tests say when something is off.
 *
 * With GUMBEL_TEST_SMALL in the environment there are only two, and tests
 * should take few and small cases; with the value "scalar" there is only the
 * GPU's shape (see tests/oclgrind). */
#ifndef GB_TESTS_PROGRAMS_H
#define GB_TESTS_PROGRAMS_H

#include "device.h"

bool small_cases(void);

/* cmocka's group setup and teardown. */
int open_programs(void **state);
int close_programs(void **state);

/* Program i; NULL when it is not among those that are open. */
gb_compute *program(size_t i);

/* Runs a check with every program, with one of each shape, for kernels that
 * know neither packing nor head size, or with each packing of every one. */
void for_each_program(void (*check)(gb_compute *c));
void for_each_shape(void (*check)(gb_compute *c));
void for_each_packing(void (*check)(gb_compute *c, gb_packing packing));

void assert_near(double found, double expected, double tolerance,
                 const char *what, size_t i, size_t j);
void assert_poison(const float *x, size_t n, const char *what);

#endif
