libgumbel_a_SOURCES += \
	src/session/event.h \
	src/session/history.h \
	src/session/journal.h \
	src/session/loop.h \
	src/session/replay.h \
	src/session/session.h \
	src/session/settings.h \
	src/session/stream.c src/session/stream.h \
	src/session/worker.h
