libgumbel_a_SOURCES += \
	src/session/branch.c \
	src/session/branch.h \
	src/session/event.c \
	src/session/event.h \
	src/session/history.c \
	src/session/history.h \
	src/session/history_apply.c \
	src/session/history_mark.c \
	src/session/history_state.h \
	src/session/journal.c \
	src/session/journal.h \
	src/session/journal_format.c \
	src/session/journal_read.c \
	src/session/loop.c \
	src/session/loop.h \
	src/session/origin.c \
	src/session/replay.h \
	src/session/session.h \
	src/session/settings.c \
	src/session/settings.h \
	src/session/settings_json.c \
	src/session/settings_json.h \
	src/session/stream.c \
	src/session/stream.h \
	src/session/worker.h
