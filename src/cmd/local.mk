libgumbel_a_SOURCES += \
	src/cmd/bench.c src/cmd/bench.h \
	src/cmd/bench_draft.c \
	src/cmd/bench_report.c \
	src/cmd/cmd.c src/cmd/cmd.h \
	src/cmd/commands.h \
	src/cmd/completion.c \
	src/cmd/config_file.c src/cmd/config_file.h \
	src/cmd/convert.c \
	src/cmd/devices.c \
	src/cmd/generate.c \
	src/cmd/generation.c src/cmd/generation.h \
	src/cmd/gguf_head.c src/cmd/gguf_out.h src/cmd/gguf_tensor.c \
	src/cmd/help.c \
	src/cmd/ignored.c src/cmd/ignored.h \
	src/cmd/info.c \
	src/cmd/interrupt.c src/cmd/interrupt.h \
	src/cmd/logprobs.c \
	src/cmd/model_facts.c src/cmd/model_facts.h \
	src/cmd/models.c \
	src/cmd/npy.c src/cmd/npy.h \
	src/cmd/open.c src/cmd/open.h \
	src/cmd/options.c src/cmd/options.h \
	src/cmd/output.c src/cmd/output.h \
	src/cmd/progress.c src/cmd/progress.h \
	src/cmd/pull.c \
	src/cmd/read_options.c \
	src/cmd/replay.c \
	src/cmd/rows.c src/cmd/rows.h \
	src/cmd/score.c \
	src/cmd/spectrum.c \
	src/cmd/sweep.c \
	src/cmd/sweep_map.c src/cmd/sweep_map.h \
	src/cmd/sessions.c \
	src/cmd/tokenize.c
