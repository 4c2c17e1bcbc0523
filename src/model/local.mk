libgumbel_a_SOURCES += \
	src/model/config.h \
	src/model/model.h \
	src/model/safetensors.h \
	src/model/tokenizer.h
