libgumbel_a_SOURCES += \
	src/session/event.h \
	src/session/history.h \
	src/session/journal.h \
	src/session/loop.c src/session/loop.h \
	src/session/replay.h \
	src/session/session.h \
	src/session/settings.c src/session/settings.h \
	src/session/settings_json.c src/session/settings_json.h \
	src/session/stream.c src/session/stream.h \
	src/session/worker.h
