# Fuzz targets take any bytes; doc/building.md says how to run them. Without
# libFuzzer a driver runs them over their corpus, as a test.
EXTRA_DIST += tests/fuzz/corpus
CLEANFILES += tests/fuzz/*.found

# One target a line: its name; the source is NAME.c.
FUZZ_TARGETS =
FUZZ_TARGETS += tests/fuzz/fuzz_config
FUZZ_TARGETS += tests/fuzz/fuzz_config_file
FUZZ_TARGETS += tests/fuzz/fuzz_folder
FUZZ_TARGETS += tests/fuzz/fuzz_gguf
FUZZ_TARGETS += tests/fuzz/fuzz_journal
FUZZ_TARGETS += tests/fuzz/fuzz_keys
FUZZ_TARGETS += tests/fuzz/fuzz_line
FUZZ_TARGETS += tests/fuzz/fuzz_pickle
FUZZ_TARGETS += tests/fuzz/fuzz_prompt
FUZZ_TARGETS += tests/fuzz/fuzz_safetensors
FUZZ_TARGETS += tests/fuzz/fuzz_tokenizer
FUZZ_TARGETS += tests/fuzz/fuzz_view
FUZZ_TARGETS += tests/fuzz/fuzz_vocab

check_PROGRAMS += $(FUZZ_TARGETS)
check_LIBRARIES += tests/libfuzz.a
tests_libfuzz_a_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz.c \
	tests/fuzz/engine.c \
	tests/unit/mutate.h tests/unit/mutate.c \
	$(RANDOM_MODEL)
tests_libfuzz_a_CPPFLAGS = $(AM_CPPFLAGS)
if !FUZZING
tests_libfuzz_a_SOURCES += tests/fuzz/driver.c
TESTS += $(FUZZ_TARGETS)
endif

FUZZ_LIBS = tests/libfuzz.a libgumbel.a $(GB_LIBS) $(GB_FUZZER)
tests_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_config_file_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_folder_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_gguf_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_journal_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_keys_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_line_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_pickle_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_prompt_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_safetensors_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_tokenizer_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_view_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_vocab_LDADD = $(FUZZ_LIBS)

if FUZZING
# Runs the targets, FUZZ_SECONDS each. What is new is kept in the build
# folder; `make fuzz-keep` adds to the corpus what reaches new code.
FUZZ_SECONDS = 120
FUZZ = $(FUZZ_TARGETS)
FUZZ_RUN = $(AM_TESTS_ENVIRONMENT) TEST_TIMEOUT=0; export TEST_TIMEOUT; \
	for target in $(FUZZ); do \
		name=$${target\#tests/fuzz/fuzz_}; \
		new=$(abs_builddir)/tests/fuzz/new/$$name; \
		corpus=$(abs_srcdir)/tests/fuzz/corpus/$$name; \
		$(MKDIR_P) "$$new" || exit 1;

fuzz: $(FUZZ)
	$(FUZZ_RUN) $(LOG_COMPILER) $$target -close_fd_mask=3 \
		-max_total_time=$(FUZZ_SECONDS) -timeout=60 -detect_leaks=0 \
		-artifact_prefix="$(abs_builddir)/tests/fuzz/$$name-" \
		"$$new" "$$corpus" || exit 1; \
	done

fuzz-keep: $(FUZZ)
	$(FUZZ_RUN) $(LOG_COMPILER) $$target -close_fd_mask=3 \
		-set_cover_merge=1 -use_counters=0 "$$corpus" "$$new" || exit 1; \
	done
else
fuzz fuzz-keep:
	@echo "first: configure --enable-fuzzing CC=clang" >&2; false

check-fuzz: $(FUZZ_TARGETS)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(FUZZ_TARGETS)'
endif
.PHONY: check-fuzz fuzz fuzz-keep
