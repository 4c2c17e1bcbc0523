# Terminal tests: scripts that drive programs on real pseudo-terminals.
EXTRA_DIST += tests/tui/README.md
if HAVE_VTERM
check_PROGRAMS += tests/tui/drive
endif
tests_tui_drive_SOURCES = \
	tests/tui/checks.c tests/tui/checks.h \
	tests/tui/commands.c tests/tui/commands.h \
	tests/tui/drive.c \
	tests/tui/film.c tests/tui/film.h \
	tests/tui/keys.c tests/tui/keys.h \
	tests/tui/latency.c tests/tui/latency.h \
	tests/tui/pty.c tests/tui/pty.h \
	tests/tui/rest.c tests/tui/rest.h \
	tests/tui/screen.c tests/tui/screen.h \
	tests/tui/script.c tests/tui/script.h \
	tests/tui/sight.c tests/tui/sight.h \
	tests/tui/stage.c tests/tui/stage.h \
	tests/tui/storm.c tests/tui/storm.h \
	tests/tui/svg.c tests/tui/svg.h \
	tests/tui/tour.c tests/tui/tour.h \
	tests/unit/mutate.c tests/unit/mutate.h
tests_tui_drive_CFLAGS = $(AM_CFLAGS) $(VTERM_CFLAGS)
tests_tui_drive_LDADD = libgumbel.a $(VTERM_LIBS) $(GB_LIBS)

# One script a line.
TUI_TESTS =
TUI_TESTS += tests/tui/candidates.tui
TUI_TESTS += tests/tui/chat.tui
TUI_TESTS += tests/tui/colours.tui
TUI_TESTS += tests/tui/controls.tui
TUI_TESTS += tests/tui/edges.tui
TUI_TESTS += tests/tui/editor.tui
TUI_TESTS += tests/tui/harness.tui
TUI_TESTS += tests/tui/hostile.tui
TUI_TESTS += tests/tui/jobs.tui
TUI_TESTS += tests/tui/locale.tui
TUI_TESTS += tests/tui/looks.tui
TUI_TESTS += tests/tui/pages.tui
TUI_TESTS += tests/tui/paste.tui
TUI_TESTS += tests/tui/prompt.tui
TUI_TESTS += tests/tui/prose.tui
TUI_TESTS += tests/tui/reading.tui
TUI_TESTS += tests/tui/recover.tui
TUI_TESTS += tests/tui/resize.tui
TUI_TESTS += tests/tui/rows.tui
TUI_TESTS += tests/tui/scrub.tui
TUI_TESTS += tests/tui/session.tui
TUI_TESTS += tests/tui/signals.tui
TUI_TESTS += tests/tui/sizes.tui
TUI_TESTS += tests/tui/storms.tui
TUI_TESTS += tests/tui/takes.tui
TUI_TESTS += tests/tui/tree.tui
TUI_TESTS += tests/tui/pull.tui
TUI_TESTS += tests/tui/trouble.tui
TUI_TESTS += tests/tui/vi.tui

EXTRA_DIST += $(TUI_TESTS)
dist_check_SCRIPTS += tests/tui/covered.sh tests/tui/mistakes.sh
TEST_EXTENSIONS += .tui
TUI_LOG_DRIVER = $(LOG_DRIVER)
TUI_LOG_COMPILER = $(LOG_COMPILER)
TESTS += tests/tui/covered.sh tests/tui/mistakes.sh $(TUI_TESTS)

# The terminal tests alone.
check-tui:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(TUI_TESTS)'
.PHONY: check-tui
