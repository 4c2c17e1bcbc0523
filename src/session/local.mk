libgumbel_a_SOURCES += \
	src/session/adjuster.c \
	src/session/adjuster.h \
	src/session/ahead.c \
	src/session/ahead.h \
	src/session/apply.c \
	src/session/bias.c \
	src/session/bias.h \
	src/session/chat.c \
	src/session/chat.h \
	src/session/compare.c \
	src/session/draft.c \
	src/session/draft.h \
	src/session/draft_guess.c \
	src/session/draft_model.c \
	src/session/draft_model.h \
	src/session/draft_pass.c \
	src/session/draft_state.h \
	src/session/ends.c \
	src/session/ends.h \
	src/session/event.c \
	src/session/event.h \
	src/session/event_read.c \
	src/session/export.c \
	src/session/export.h \
	src/session/export_html.c \
	src/session/export_page.h \
	src/session/export_tokens.c \
	src/session/export_tokens.h \
	src/session/gain.c \
	src/session/gain.h \
	src/session/journal.c \
	src/session/journal.h \
	src/session/journal_format.c \
	src/session/journal_read.c \
	src/session/journal_reader.h \
	src/session/list.c \
	src/session/list.h \
	src/session/list_story.c \
	src/session/look.c \
	src/session/look.h \
	src/session/lookup.c \
	src/session/lookup.h \
	src/session/loop.c \
	src/session/loop.h \
	src/session/news.c \
	src/session/news.h \
	src/session/origin.c \
	src/session/pace.c \
	src/session/pace.h \
	src/session/picked.c \
	src/session/picked.h \
	src/session/replay.c \
	src/session/replay.h \
	src/session/rerun.c \
	src/session/rerun.h \
	src/session/run.c \
	src/session/save.c \
	src/session/seen.c \
	src/session/seen.h \
	src/session/seen_look.c \
	src/session/seen_tree.c \
	src/session/session.c \
	src/session/session.h \
	src/session/session_open.c \
	src/session/session_write.c \
	src/session/settings.c \
	src/session/settings_change.c \
	src/session/settings.def \
	src/session/settings.h \
	src/session/steer.c \
	src/session/steer.h \
	src/session/stream.c \
	src/session/stream.h \
	src/session/several.c \
	src/session/several.h \
	src/session/syncer.c \
	src/session/syncer.h \
	src/session/sweep.c \
	src/session/sweep.h \
	src/session/sweep_text.c \
	src/session/sweep_text.h \
	src/session/takes.c \
	src/session/tell.c \
	src/session/tree.c \
	src/session/tree.h \
	src/session/trial.c \
	src/session/trial.h \
	src/session/trial_map.c \
	src/session/trial_map.h \
	src/session/verdict.c \
	src/session/view.c \
	src/session/what.c \
	src/session/worker.c \
	src/session/worker_draft.c \
	src/session/worker.h \
	src/session/worker_load.c \
	src/session/worker_news.c \
	src/session/worker_queue.c \
	src/session/worker_replay.c \
	src/session/worker_state.h \
	src/session/worker_trial.c \
	src/session/worker_watch.c

# The page that /export FILE.html fills in, compiled into the binary as text.
EXTRA_DIST += src/session/export.html src/session/embed.sh
nodist_libgumbel_a_SOURCES += src/session/export_page.c
CLEANFILES += src/session/export_page.c

src/session/export_page.c: src/session/export.html src/session/embed.sh
	$(AM_V_GEN)$(MKDIR_P) src/session && \
	$(SHELL) $(top_srcdir)/src/session/embed.sh session/export_page.h \
		gb_export_page $(top_srcdir)/src/session/export.html > $@.tmp && \
	mv $@.tmp $@
