libgumbel_a_SOURCES +=
