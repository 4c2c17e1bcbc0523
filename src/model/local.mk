libgumbel_a_SOURCES += \
	src/model/config.c src/model/config.h \
	src/model/model.c src/model/model.h \
	src/model/safetensors.c src/model/safetensors.h \
	src/model/tensor.c src/model/tensor.h \
	src/model/tokenizer.h
