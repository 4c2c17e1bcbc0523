libgumbel_a_SOURCES += \
	src/sample/filter.h \
	src/sample/gumbel.h \
	src/sample/rng.h
