# Every test program and script speaks TAP.
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir;

check_LIBRARIES += tests/libtest.a
tests_libtest_a_SOURCES = tests/unit/test.h tests/unit/test.c
tests_libtest_a_CPPFLAGS = $(AM_CPPFLAGS)
TEST_LIBS = tests/libtest.a libgumbel.a $(CMOCKA_LIBS) $(GB_LIBS)

# One unit test program a line: name, then its source.
UNIT_TESTS = \
	tests/unit/test_base \
	tests/unit/test_json

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
LDADD = $(TEST_LIBS)

tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_json_SOURCES = tests/unit/test_json.c
