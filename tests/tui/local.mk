# Terminal tests: scripts that drive programs on real pseudo-terminals.
EXTRA_DIST += tests/tui/README.md
if HAVE_VTERM
check_PROGRAMS += tests/tui/drive
endif
tests_tui_drive_SOURCES = \
	tests/tui/checks.c tests/tui/checks.h \
	tests/tui/commands.c tests/tui/commands.h \
	tests/tui/drive.c \
	tests/tui/keys.c tests/tui/keys.h \
	tests/tui/latency.c tests/tui/latency.h \
	tests/tui/pty.c tests/tui/pty.h \
	tests/tui/screen.c tests/tui/screen.h \
	tests/tui/script.c tests/tui/script.h \
	tests/tui/stage.c tests/tui/stage.h \
	tests/tui/svg.c tests/tui/svg.h
tests_tui_drive_CFLAGS = $(AM_CFLAGS) $(VTERM_CFLAGS)
tests_tui_drive_LDADD = libgumbel.a $(VTERM_LIBS) $(GB_LIBS)

# One script a line.
TERMINAL_TESTS =
TERMINAL_TESTS += tests/tui/harness.tui

EXTRA_DIST += $(TERMINAL_TESTS)
dist_check_SCRIPTS += tests/tui/mistakes.sh
TEST_EXTENSIONS += .tui
TUI_LOG_DRIVER = $(LOG_DRIVER)
TUI_LOG_COMPILER = $(LOG_COMPILER)
if HAVE_VTERM
TESTS += $(TERMINAL_TESTS) tests/tui/mistakes.sh
endif

# The terminal tests alone.
check-terminal:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(TERMINAL_TESTS)'
.PHONY: check-terminal
