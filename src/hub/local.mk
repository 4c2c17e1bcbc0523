libgumbel_a_SOURCES += \
	src/hub/curl.c src/hub/curl.h \
	src/hub/download.c src/hub/download.h \
	src/hub/endpoint.c src/hub/endpoint.h \
	src/hub/http.c src/hub/http.h \
	src/hub/pull.c src/hub/pull.h \
	src/hub/puller.c src/hub/puller.h \
	src/hub/repo.c src/hub/repo.h \
	src/hub/retry.c src/hub/retry.h \
	src/hub/server.c src/hub/server.h \
	src/hub/store.c src/hub/store.h \
	src/hub/transfer.c src/hub/transfer.h
