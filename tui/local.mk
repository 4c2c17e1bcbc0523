libgumbel_a_SOURCES += \
	tui/actions.c \
	tui/app.c tui/app.h \
	tui/app_face.c \
	tui/app_keys.c \
	tui/app_news.c \
	tui/axis.c tui/axis.h \
	tui/candidate_pane.c tui/candidate_pane.h \
	tui/candidate_rows.c tui/candidate_rows.h \
	tui/colours.c tui/colours.h \
	tui/compare_text.c tui/compare_text.h \
	tui/commands.c tui/commands.h tui/commands.def \
	tui/editor.c tui/editor.h \
	tui/flow.c tui/flow.h \
	tui/first.c tui/first.h \
	tui/frame.c tui/frame.h \
	tui/history.c tui/history.h \
	tui/keys.c tui/keys.h \
	tui/last.c tui/last.h \
	tui/layout.c tui/layout.h \
	tui/line.c tui/line.h \
	tui/line_app.h \
	tui/line_face.c \
	tui/line_input.c tui/line_input.h \
	tui/line_news.c \
	tui/log.c tui/log.h \
	tui/map_row.c tui/map_row.h \
	tui/mirror.c tui/mirror.h \
	tui/page.c tui/page.h \
	tui/page_candidates.c \
	tui/page_list.c \
	tui/page_compare.c \
	tui/page_scrub.c \
	tui/page_sessions.c \
	tui/page_text.c \
	tui/page_tree.c \
	tui/prompt.c tui/prompt.h \
	tui/prompt_bind.c tui/prompt_bind.h \
	tui/prompt_block.c \
	tui/prompt_complete.c tui/prompt_complete.h \
	tui/prompt_layout.c \
	tui/pulling.c tui/pulling.h \
	tui/row.c tui/row.h \
	tui/prose.c tui/prose.h \
	tui/reading.c tui/reading.h \
	tui/screen.c tui/screen.h \
	tui/scrub_text.c tui/scrub_text.h \
	tui/session_rows.c tui/session_rows.h \
	tui/signals.c tui/signals.h \
	tui/status.c tui/status.h \
	tui/theme.c tui/theme.h \
	tui/transcript.c tui/transcript.h tui/transcript_tokens.c \
	tui/title.c tui/title.h \
	tui/tree_rows.c tui/tree_rows.h \
	tui/tui.h \
	tui/view.c tui/view.h \
	tui/view_find.c tui/view_find.h \
	tui/view_inside.h tui/view_place.c tui/view_rows.c \
	tui/view_sink.c \
	tui/view_text.c tui/view_text.h \
	tui/way_back.c tui/way_back.h \
	tui/wrap.c tui/wrap.h
