libgumbel_a_SOURCES += \
	src/base/cache.c src/base/cache.h \
	src/base/cells.c src/base/cells.h \
	src/base/clock.c src/base/clock.h \
	src/base/error.c src/base/error.h \
	src/base/file.c src/base/file_replace.c src/base/file.h \
	src/base/intern.c src/base/intern.h \
	src/base/library.c src/base/library.h \
	src/base/json.c src/base/json.h \
	src/base/locale.c src/base/locale.h \
	src/base/mem.c src/base/mem.h \
	src/base/str.c src/base/str.h \
	src/base/nearest.c src/base/nearest.h \
	src/base/number.c src/base/number.h \
	src/base/path.c src/base/path.h \
	src/base/progress.c src/base/progress.h \
	src/base/round.h \
	src/base/thread.c src/base/thread.h \
	src/base/text.c src/base/text.h \
	src/base/utf8.c src/base/utf8.h
