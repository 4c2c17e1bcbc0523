libgumbel_a_SOURCES += \
	src/sample/filter.c src/sample/filter.h \
	src/sample/gumbel.c src/sample/gumbel.h \
	src/sample/rng.c src/sample/rng.h
