libgumbel_a_SOURCES += \
	src/engine/blocks.c src/engine/blocks.h \
	src/engine/compute.c src/engine/compute.h \
	src/engine/device.c src/engine/device.h \
	src/engine/engine.c src/engine/engine.h \
	src/engine/forward.c src/engine/forward.h \
	src/engine/gemm.c src/engine/gemm.h \
	src/engine/head.c src/engine/head.h \
	src/engine/pocl.c src/engine/pocl.h \
	src/engine/packing.c src/engine/packing.h \
	src/engine/pick.h \
	src/engine/missing.c src/engine/missing.h \
	src/engine/prefill.c src/engine/prefill.h \
	src/engine/program.c src/engine/program.h \
	src/engine/queue.c src/engine/queue.h \
	src/engine/speed.c src/engine/speed.h \
	src/engine/weights.c src/engine/weights.h
