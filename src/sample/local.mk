libgumbel_a_SOURCES += \
	src/sample/adjust.c src/sample/adjust.h \
	src/sample/candidates.c src/sample/candidates.h \
	src/sample/filter.c src/sample/filter.h \
	src/sample/gumbel.c src/sample/gumbel.h \
	src/sample/rng.c src/sample/rng.h \
	src/sample/spectrum.c src/sample/spectrum.h \
	src/sample/threshold.c src/sample/threshold.h
