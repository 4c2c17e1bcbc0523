/* The OpenCL program, as text (see cl/local.mk), and the arguments of its
 * kernels in their order. */
#ifndef GB_CL_KERNELS_H
#define GB_CL_KERNELS_H

extern const char gb_kernel_source[]; /* NUL-terminated */
extern const unsigned long gb_kernel_source_size; /* without the NUL */

enum { /* embedding_PACKING */
    GB_EMBEDDING_ROWS,
    GB_EMBEDDING_WTE,
    GB_EMBEDDING_PANEL,
    GB_EMBEDDING_WPE,
    GB_EMBEDDING_X,
    GB_EMBEDDING_WIDTH,
    GB_EMBEDDING_LDX,
    GB_EMBEDDING_RUN,
    GB_EMBEDDING_N,
    GB_EMBEDDING_TOKEN, /* from here on: of a single one */
    GB_EMBEDDING_POSITION,
    GB_EMBEDDING_STORE,
    GB_EMBEDDING_SLOT,
};

enum { /* layernorm */
    GB_NORM_X,
    GB_NORM_GAIN,
    GB_NORM_BIAS,
    GB_NORM_Y,
    GB_NORM_WIDTH,
    GB_NORM_LD,
    GB_NORM_EPS,
    GB_NORM_FIRST_ROW,
    GB_NORM_ROWS,
    GB_NORM_QUANTS,
    GB_NORM_READER,
};

enum { /* linear_{wide,narrow}_{1,n}_PACKING */
    GB_LINEAR_X,
    GB_LINEAR_WEIGHT,
    GB_LINEAR_BIAS,
    GB_LINEAR_Y,
    GB_LINEAR_N_IN,
    GB_LINEAR_LDX,
    GB_LINEAR_LDY,
    GB_LINEAR_EPILOGUE,
    GB_LINEAR_RUN,
    GB_LINEAR_N_OUT, /* from here on: on a CPU */
    GB_LINEAR_QUANTS,
    GB_LINEAR_READER,
};

enum { /* quantize */
    GB_QUANTIZE_X,
    GB_QUANTIZE_N_IN,
    GB_QUANTIZE_LDX,
    GB_QUANTIZE_QUANTS,
    GB_QUANTIZE_READER,
};

enum { /* attention_store */
    GB_STORE_QKV,
    GB_STORE_LDX,
    GB_STORE_KEYS,
    GB_STORE_VALUES,
    GB_STORE_WIDTH,
    GB_STORE_ROWS,
    GB_STORE_TABLES,
    GB_STORE_PER_TEXT,
};

enum { /* attention, attention_tile */
    GB_ATTENTION_QKV,
    GB_ATTENTION_LDX,
    GB_ATTENTION_KEYS,
    GB_ATTENTION_VALUES,
    GB_ATTENTION_Y,
    GB_ATTENTION_LDY,
    GB_ATTENTION_WIDTH,
    GB_ATTENTION_SCALE,
    GB_ATTENTION_ROWS,
    GB_ATTENTION_TABLES,
    GB_ATTENTION_PER_TEXT,
    GB_ATTENTION_RUN,
    GB_ATTENTION_QUANTS, /* where it makes y */
    GB_ATTENTION_READER,
};

enum { /* attention_join */
    GB_PARTS_X,
    GB_PARTS_LDX,
    GB_PARTS_Y,
    GB_PARTS_LDY,
    GB_PARTS_ROWS,
    GB_PARTS_PER_TEXT,
    GB_PARTS_QUANTS,
    GB_PARTS_READER,
};

enum { /* layer_PACKING */
    GB_LAYER_X,
    GB_LAYER_NORM,
    GB_LAYER_QKV,
    GB_LAYER_ATTENDED,
    GB_LAYER_INNER,
    GB_LAYER_QUANTS,
    GB_LAYER_WIDTH,
    GB_LAYER_N_INNER,
    GB_LAYER_LD,
    GB_LAYER_EPS,
    GB_LAYER_SCALE,
    GB_LAYER_ACTIVATION,
    GB_LAYER_PANELS,
    GB_LAYER_GAIN_1,
    GB_LAYER_BIAS_1,
    GB_LAYER_W_QKV,
    GB_LAYER_B_QKV,
    GB_LAYER_W_PROJ,
    GB_LAYER_B_PROJ,
    GB_LAYER_GAIN_2,
    GB_LAYER_BIAS_2,
    GB_LAYER_W_FC,
    GB_LAYER_B_FC,
    GB_LAYER_W_FC_PROJ,
    GB_LAYER_B_FC_PROJ,
    GB_LAYER_KEYS,
    GB_LAYER_VALUES,
    GB_LAYER_ROWS,
    GB_LAYER_TABLES,
    GB_LAYER_PER_TEXT,
};

enum { /* adjust */
    GB_ADJUST_LIST,
    GB_ADJUST_N,
    GB_ADJUST_LOGITS,
};

enum { /* softmax_part */
    GB_SOFTMAX_LOGITS,
    GB_SOFTMAX_LD,
    GB_SOFTMAX_N_VOCAB,
    GB_SOFTMAX_TEMPERATURE,
    GB_SOFTMAX_TEMPERATURES,
    GB_SOFTMAX_PARTS,
};

enum { /* logprobs */
    GB_LOGPROBS_LOGITS,
    GB_LOGPROBS_LD,
    GB_LOGPROBS_N_VOCAB,
    GB_LOGPROBS_TEMPERATURE,
    GB_LOGPROBS_TEMPERATURES,
    GB_LOGPROBS_PARTS,
    GB_LOGPROBS_OUT,
};

enum { /* score_join */
    GB_SCORE_LOGITS,
    GB_SCORE_LD,
    GB_SCORE_PARTS,
    GB_SCORE_N_CHUNKS,
    GB_SCORE_TARGETS,
    GB_SCORE_OUT,
};

enum { /* pick_part */
    GB_PICK_SCORES,
    GB_PICK_LD,
    GB_PICK_N_VOCAB,
    GB_PICK_FLOOR,
    GB_PICK_NOISY,
    GB_PICK_JUMPS,
    GB_PICK_START,
    GB_PICK_DRAWS,
    GB_PICK_BESTS,
    GB_PICK_NOISES,
};

enum { /* pick_join */
    GB_JOIN_BESTS,
    GB_JOIN_ITEMS,
    GB_JOIN_N,
    GB_JOIN_LOGPROBS,
    GB_JOIN_LD,
    GB_JOIN_PICK,
    GB_JOIN_APART,
    GB_JOIN_STAMP,
};

enum { /* pick_stats */
    GB_STATS_LOGITS,
    GB_STATS_LD,
    GB_STATS_N_VOCAB,
    GB_STATS_NOISY,
    GB_STATS_NOISES,
    GB_STATS_PARTS,
    GB_STATS_RESULT,
};

enum { /* unpack_PACKING */
    GB_UNPACK_WEIGHT,
    GB_UNPACK_OUT,
    GB_UNPACK_N_IN,
    GB_UNPACK_N_OUT,
    GB_UNPACK_PANEL,
};

enum { /* gemm_epilogue */
    GB_GEMM_PRODUCT,
    GB_GEMM_N_OUT,
    GB_GEMM_BIAS,
    GB_GEMM_Y,
    GB_GEMM_LDY,
    GB_GEMM_EPILOGUE,
};

enum { /* read_speed */
    GB_READ_X,
    GB_READ_PART,
    GB_READ_SUMS,
};

enum { /* peak */
    GB_PEAK_ROUNDS,
    GB_PEAK_BY,
    GB_PEAK_ADD,
    GB_PEAK_SUMS,
};

#endif
