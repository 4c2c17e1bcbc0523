# The kernels are one program: these files in this order, compiled into the
# binary as text.
GB_KERNELS = \
	cl/prelude.cl \
	cl/packing.cl \
	cl/quantize.cl \
	cl/embedding.cl \
	cl/layernorm.cl \
	cl/linear.cl \
	cl/quant.cl \
	cl/linear_gpu.cl \
	cl/attention.cl \
	cl/attention_gpu.cl \
	cl/layer.cl \
	cl/adjust.cl \
	cl/head.cl \
	cl/pick.cl \
	cl/gemm.cl \
	cl/speed.cl

EXTRA_DIST += $(GB_KERNELS) cl/embed.sh
nodist_libgumbel_a_SOURCES += cl/kernels.c
libgumbel_a_SOURCES += cl/kernels.h
CLEANFILES += cl/kernels.c

cl/kernels.c: $(GB_KERNELS) cl/embed.sh
	$(AM_V_GEN)$(MKDIR_P) cl && \
	$(SHELL) $(top_srcdir)/cl/embed.sh $(top_srcdir) $(GB_KERNELS) > $@.tmp && \
	mv $@.tmp $@
