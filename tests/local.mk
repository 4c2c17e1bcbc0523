# Every test program and script speaks TAP.
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir;

# Makes model folders with random weights; unit tests call it, people run it.
RANDOM_MODEL = \
	tests/tools/random_model.h \
	tests/tools/random_model.c \
	tests/tools/random_tokenizer.c
check_PROGRAMS += tests/tools/random_model
tests_tools_random_model_SOURCES = $(RANDOM_MODEL) \
	tests/tools/random_model_main.c
tests_tools_random_model_LDADD = libgumbel.a $(GB_LIBS)
EXTRA_DIST += tests/reference/random_model.py

check_LIBRARIES += tests/libtest.a
tests_libtest_a_SOURCES = tests/unit/test.h tests/unit/test.c \
	$(RANDOM_MODEL)
tests_libtest_a_CPPFLAGS = $(AM_CPPFLAGS)
TEST_LIBS = tests/libtest.a libgumbel.a $(CMOCKA_LIBS) $(GB_LIBS)

# One line for each unit test program here, one for its source below.
# One unit test program a line: its name; the source is NAME.c.
UNIT_TESTS =
UNIT_TESTS += tests/unit/test_base
UNIT_TESTS += tests/unit/test_json
UNIT_TESTS += tests/unit/test_random_model

check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
LDADD = $(TEST_LIBS)
