libgumbel_a_SOURCES += \
	src/session/loop.h \
	src/session/settings.h \
	src/session/stream.h
