libgumbel_a_SOURCES += \
	src/model/added.c src/model/added.h \
	src/model/bpe.c src/model/bpe.h \
	src/model/ckpt.c src/model/ckpt.h \
	src/model/config.c src/model/config.h \
	src/model/find.c src/model/find.h \
	src/model/installed.c src/model/installed.h \
	src/model/dequant.c src/model/dequant.h \
	src/model/gguf.c src/model/gguf.h \
	src/model/gguf_model.c src/model/gguf_names.c \
	src/model/gguf_stream.c src/model/gguf_stream.h \
	src/model/hash.c \
	src/model/hub_cache.c src/model/hub_cache.h \
	src/model/hub_name.c src/model/hub_name.h \
	src/model/lock.c src/model/lock.h \
	src/model/merges.c src/model/merges.h \
	src/model/meta.c src/model/meta.h \
	src/model/model.c src/model/model.h \
	src/model/normalizer.c src/model/normalizer.h \
	src/model/pickle.c src/model/pickle.h \
	src/model/pickle_machine.c src/model/pickle_machine.h \
	src/model/pt_file.c src/model/pt_file.h \
	src/model/random.c src/model/random.h \
	src/model/remove.c \
	src/model/split.c src/model/split.h \
	src/model/st_file.c src/model/st_file.h \
	src/model/tensor.c src/model/tensor.h \
	src/model/tensor_file.c src/model/tensor_file.h \
	src/model/tensors.c src/model/tensors.h \
	src/model/tokenizer.c src/model/tokenizer.h \
	src/model/tokenizer_files.c src/model/tokenizer_files.h \
	src/model/tokenizer_json.c src/model/tokenizer_json.h \
	src/model/unicode.c src/model/unicode.h \
	src/model/vocab.c src/model/vocab.h \
	src/model/zip.c src/model/zip.h
