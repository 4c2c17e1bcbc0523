libgumbel_a_SOURCES += \
	src/engine/device.h \
	src/engine/engine.h
