# Every test program and script speaks TAP and runs through tests/runtest.
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/runtest
SH_LOG_COMPILER = $(LOG_COMPILER)
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir;
EXTRA_DIST += tests/runtest tests/oclgrind tests/lsan.supp tests/samples
# Run by hand, as root; says how.
EXTRA_DIST += tests/distributions

dist_check_SCRIPTS += tests/complete.sh
TESTS += tests/complete.sh

# Makes model folders with random weights; unit tests call it, people run it.
RANDOM_MODEL = \
	tests/tools/random_model.h \
	tests/tools/random_model.c \
	tests/tools/random_tokenizer.c
check_PROGRAMS += tests/tools/random_model
tests_tools_random_model_SOURCES = $(RANDOM_MODEL) \
	tests/tools/random_model_main.c
tests_tools_random_model_LDADD = libgumbel.a $(GB_LIBS)
# A hub on loopback.
check_PROGRAMS += tests/tools/hub
tests_tools_hub_SOURCES = tests/tools/hub.c
tests_tools_hub_LDADD =
# What stands between gumbel and the OpenCL drivers in tests, or for one. They
# are shared objects, for which automake itself would want libtool.
SHARED_OBJECTS = tests/tools/failing_layer.so tests/tools/fake_driver.so
EXTRA_DIST += tests/tools/failing_layer.c tests/tools/fake_driver.c
check_DATA += $(SHARED_OBJECTS)
CLEANFILES += $(SHARED_OBJECTS)
SUFFIXES = .so
.c.so:
	$(AM_V_CCLD)$(MKDIR_P) $(@D) && $(CC) $(AM_CPPFLAGS) -std=gnu11 \
		$(GB_WARN) $(GB_WERROR) $(OPENCL_CFLAGS) $(CFLAGS) -fPIC \
		-shared $(LDFLAGS) -o $@ $<

# Golden files and the scripts that made them.
EXTRA_DIST += tests/reference/adjust_golden.py
EXTRA_DIST += tests/reference/sampling_golden.py
EXTRA_DIST += tests/reference/spectrum_golden.py
EXTRA_DIST += tests/reference/check_drafts.py
EXTRA_DIST += tests/reference/check_large.py
EXTRA_DIST += tests/reference/engine_golden.py
EXTRA_DIST += tests/reference/gpt2.py
EXTRA_DIST += tests/reference/heavy_model.py
EXTRA_DIST += tests/reference/random_model.py
EXTRA_DIST += tests/reference/folders_golden.py
EXTRA_DIST += tests/reference/variants_golden.py
EXTRA_DIST += tests/golden/adjust.txt
EXTRA_DIST += tests/golden/variants.txt
EXTRA_DIST += tests/golden/folders.json
EXTRA_DIST += tests/golden/normalizers.json
EXTRA_DIST += tests/golden/dequant.txt
EXTRA_DIST += tests/golden/tiny.gguf
EXTRA_DIST += tests/golden/ckpt.pt tests/golden/ckpt.txt
EXTRA_DIST += tests/golden/meta.pkl
EXTRA_DIST += tests/reference/ckpt_golden.py
EXTRA_DIST += tests/reference/gguf_golden.py
EXTRA_DIST += tests/golden/quantize.txt
EXTRA_DIST += tests/reference/quantize_golden.py
EXTRA_DIST += tests/reference/check_gguf.py
EXTRA_DIST += tests/reference/check_converter.py
EXTRA_DIST += tests/golden/logprobs.txt
EXTRA_DIST += tests/golden/noise.txt
EXTRA_DIST += tests/golden/pickled.bin
EXTRA_DIST += tests/reference/pickle_golden.py
EXTRA_DIST += tests/golden/rng.txt
EXTRA_DIST += tests/golden/spectrum.txt
EXTRA_DIST += tests/reference/normalizer_golden.py
EXTRA_DIST += tests/reference/tokenizer_golden.py
EXTRA_DIST += tests/golden/tokenizer-gpt2.json
EXTRA_DIST += tests/golden/tokenizer-stories.json
EXTRA_DIST += tests/golden/tokens.txt

if HAVE_CMOCKA
check_LIBRARIES += tests/libtest.a
endif
tests_libtest_a_SOURCES = tests/unit/test.h tests/unit/test.c \
	tests/unit/mutate.h tests/unit/mutate.c \
	tests/unit/conversation.h tests/unit/conversation.c \
	tests/unit/device.h tests/unit/device.c \
	tests/unit/programs.h tests/unit/programs.c \
	tests/unit/engine_fixture.h tests/unit/engine_fixture.c \
	tests/unit/worker_screen.h tests/unit/worker_screen.c \
	$(RANDOM_MODEL)
tests_libtest_a_CPPFLAGS = $(AM_CPPFLAGS)
TEST_LIBS = tests/libtest.a libgumbel.a $(CMOCKA_LIBS) $(GB_LIBS)

# One unit test program a line: its name; the source is NAME.c. Those that take
# longest come first, so that no core is idle at the end.
UNIT_TESTS =
UNIT_TESTS += tests/unit/test_engine
UNIT_TESTS += tests/unit/test_kernels
UNIT_TESTS += tests/unit/test_attention
UNIT_TESTS += tests/unit/test_golden
UNIT_TESTS += tests/unit/test_engine_faults
UNIT_TESTS += tests/unit/test_head_kernels
UNIT_TESTS += tests/unit/test_safetensors
UNIT_TESTS += tests/unit/test_adjust
UNIT_TESTS += tests/unit/test_adjusted
UNIT_TESTS += tests/unit/test_axis
UNIT_TESTS += tests/unit/test_base
UNIT_TESTS += tests/unit/test_bias
UNIT_TESTS += tests/unit/test_blocks
UNIT_TESTS += tests/unit/test_text
UNIT_TESTS += tests/unit/test_bpe
UNIT_TESTS += tests/unit/test_cache
UNIT_TESTS += tests/unit/test_ckpt
UNIT_TESTS += tests/unit/test_json
UNIT_TESTS += tests/unit/test_candidates
UNIT_TESTS += tests/unit/test_colours
UNIT_TESTS += tests/unit/test_config
UNIT_TESTS += tests/unit/test_model
UNIT_TESTS += tests/unit/test_pages
UNIT_TESTS += tests/unit/test_packing
UNIT_TESTS += tests/unit/test_path
UNIT_TESTS += tests/unit/test_tensor
UNIT_TESTS += tests/unit/test_tui
UNIT_TESTS += tests/unit/test_view
UNIT_TESTS += tests/unit/test_engine_rows
UNIT_TESTS += tests/unit/test_filter
UNIT_TESTS += tests/unit/test_folders
UNIT_TESTS += tests/unit/test_gain
UNIT_TESTS += tests/unit/test_gguf
UNIT_TESTS += tests/unit/test_gumbel
UNIT_TESTS += tests/unit/test_pickle
UNIT_TESTS += tests/unit/test_random_model
UNIT_TESTS += tests/unit/test_hub_name
UNIT_TESTS += tests/unit/test_layout
UNIT_TESTS += tests/unit/test_draft
UNIT_TESTS += tests/unit/test_lookup
UNIT_TESTS += tests/unit/test_loop
UNIT_TESTS += tests/unit/test_news
UNIT_TESTS += tests/unit/test_npy
UNIT_TESTS += tests/unit/test_settings
UNIT_TESTS += tests/unit/test_rng
UNIT_TESTS += tests/unit/test_rows
UNIT_TESTS += tests/unit/test_journal
UNIT_TESTS += tests/unit/test_replay
UNIT_TESTS += tests/unit/test_export
UNIT_TESTS += tests/unit/test_scrub
UNIT_TESTS += tests/unit/test_session
UNIT_TESTS += tests/unit/test_spectrum
UNIT_TESTS += tests/unit/test_stream
UNIT_TESTS += tests/unit/test_sweep
UNIT_TESTS += tests/unit/test_takes
UNIT_TESTS += tests/unit/test_tokenizer
UNIT_TESTS += tests/unit/test_transcript
UNIT_TESTS += tests/unit/test_tree
UNIT_TESTS += tests/unit/test_trial
UNIT_TESTS += tests/unit/test_watch
UNIT_TESTS += tests/unit/test_watched
UNIT_TESTS += tests/unit/test_worker
UNIT_TESTS += tests/unit/test_worker_loading
UNIT_TESTS += tests/unit/test_vocab

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
else
check-local:
	@echo "The unit tests need cmocka (Debian: libcmocka-dev);" >&2; \
	echo "install it and run configure again." >&2; false
endif
LDADD = $(TEST_LIBS)

# Tests of the command line; each is a table of cases for tests/cli/setup.
CLI_TESTS =
CLI_TESTS += tests/cli/bad_input.sh
CLI_TESTS += tests/cli/bench.sh
CLI_TESTS += tests/cli/bias.sh
CLI_TESTS += tests/cli/config.sh
CLI_TESTS += tests/cli/convert.sh
CLI_TESTS += tests/cli/devices.sh
CLI_TESTS += tests/cli/dead_device.sh
CLI_TESTS += tests/cli/folders.sh
CLI_TESTS += tests/cli/full.sh
CLI_TESTS += tests/cli/generate.sh
CLI_TESTS += tests/cli/interrupt.sh
CLI_TESTS += tests/cli/json.sh
CLI_TESTS += tests/cli/killed.sh
CLI_TESTS += tests/cli/lines.sh
CLI_TESTS += tests/cli/logprobs.sh
CLI_TESTS += tests/cli/man.sh
CLI_TESTS += tests/cli/models.sh
CLI_TESTS += tests/cli/options.sh
CLI_TESTS += tests/cli/output.sh
CLI_TESTS += tests/cli/pull.sh
CLI_TESTS += tests/cli/pull_tls.sh
CLI_TESTS += tests/cli/samples.sh
CLI_TESTS += tests/cli/signals.sh
CLI_TESTS += tests/cli/terminal.sh
CLI_TESTS += tests/cli/replay.sh
CLI_TESTS += tests/cli/spectrum.sh
CLI_TESTS += tests/cli/sweep.sh
CLI_TESTS += tests/cli/tokenize.sh
CLI_TESTS += tests/cli/waiting.sh

TESTS += $(CLI_TESTS)
EXTRA_DIST += $(CLI_TESTS) tests/cli/setup

# The interface's part of the manual page is made from its table of commands.
check_PROGRAMS += tests/tui/manual
TESTS += tests/tui/manual
tests_tui_manual_SOURCES = tests/tui/manual.c
tests_tui_manual_LDADD = libgumbel.a $(GB_LIBS)

check-cli: tests/tools/random_model gumbel$(EXEEXT)
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(CLI_TESTS)'

# The unit tests alone; nothing else is built for them.
check-unit:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_TESTS)' \
		check_PROGRAMS='$(UNIT_TESTS)'

# These once more under oclgrind, which checks every access of a kernel.
OCLGRIND_TESTS = tests/unit/test_kernels tests/unit/test_attention \
	tests/unit/test_head_kernels

check-oclgrind: $(OCLGRIND_TESTS)
	@$(MKDIR_P) oclgrind; rm -f oclgrind/*; $(AM_TESTS_ENVIRONMENT) \
	for test in $(OCLGRIND_TESTS); do \
		$(LOG_DRIVER) --test-name oclgrind/$$test \
			--log-file oclgrind/$$(basename $$test).log \
			--trs-file oclgrind/$$(basename $$test).trs \
			-- $(LOG_COMPILER) $(srcdir)/tests/oclgrind $$test & \
	done; wait; ! grep -q -E '^:test-result: (FAIL|XPASS|ERROR)' oclgrind/*.trs

clean-local:
	-rm -rf tests/scratch tests/cache oclgrind
.PHONY: check-cli check-unit check-oclgrind
