/* The kernels of the forward pass against plain loops in double precision.
 * Whatever a kernel must not read is poisoned, and so is whatever it must not
 * write. */
#include "programs.h"
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "engine/forward.h"

/* Weights that the packing can hold; the caller frees. */
static float *
random_weights(gb_packing packing, uint32_t seed, size_t n)
{
    float *w = random_floats(seed, n, 1.0f);

    round_floats(w, n, packing);
    return w;
}

/* --- loading ----------------------------------------------------------- */

/* A matrix and its bias come to the device the same, mapped or written. */
static void
check_loading(gb_compute *c, gb_packing packing)
{
    enum { INPUTS = 70, OUTPUTS = 50 };
    float *w = random_weights(packing, 3, INPUTS * OUTPUTS);
    float *b = random_floats(4, OUTPUTS, 1.0f);
    const gb_tensor t = tensor_of(w, INPUTS, OUTPUTS);
    const gb_tensor bias = tensor_of(b, 0, OUTPUTS);
    const bool shares = c->device.shares_memory;
    unsigned char *found[2];
    gb_error err = GB_ERROR_INIT;
    gb_matrix m = {0};
    size_t size = 0, more = 0;
    unsigned i;

    for (i = 0; i < 2; i++) {
        c->device.shares_memory = i == 0;
        test_ok(gb_matrix_load(&m, c, packing, &t, false, &bias, &err), &err);
        size = gb_panels_size(&m.panels);
        more = gb_panels_outputs(&m.panels) * sizeof(float);
        found[i] = gb_alloc(size + more);
        test_ok(gb_read_buffer(c, m.weight, found[i], size, &err), &err);
        test_ok(gb_read_buffer(c, m.bias, found[i] + size, more, &err), &err);
        gb_matrix_free(&m);
    }
    c->device.shares_memory = shares;
    assert_memory_equal(found[0], found[1], size + more);
    assert_memory_equal(found[1] + size, b, OUTPUTS * sizeof *b);
    free(w), free(b), free(found[0]), free(found[1]);
}

static void
test_loading(void **state)
{
    (void)state;
    for_each_packing(check_loading);
}

/* --- embedding --------------------------------------------------------- */

static void
check_embedding(gb_compute *c, gb_packing packing, unsigned vocab,
                unsigned width, unsigned n, int store)
{
    enum { CONTEXT = 40, ROWS = 6 };
    static const cl_int positions[ROWS] = {7, 39, 0, 8, 7, 12};
    const unsigned ld = gb_padded_width(&c->shape, width);
    float *wte = random_weights(packing, 1, (size_t)vocab * width);
    float *wpe = random_floats(2, CONTEXT * width, 1.0f), *y, expected;
    const gb_tensor t = tensor_of(wte, vocab, width);
    cl_mem rows_m, wpe_m, x_m, run_m;
    gb_error err = GB_ERROR_INIT;
    gb_matrix m = {0};
    gb_row rows[ROWS], *told;
    unsigned i, j;
    cl_int *run;
    gb_op op;

    for (i = 0; i < n; i++)
        rows[i] = (gb_row){.token = i == 0 ? vocab - 1 : i * 31 % vocab,
                           .position = positions[i],
                           .store = store,
                           .slot = 3};
    test_ok(gb_matrix_load(&m, c, packing, &t, true, NULL, &err), &err);
    quantize_weights(wte, width, vocab, true, packing);
    wpe_m = device_words(c, wpe, CONTEXT * width);
    rows_m = n > 1 ? device_words(c, rows, n * sizeof *rows / 4)
                   : device_poisoned(c, sizeof *rows / 4);
    x_m = device_poisoned(c, ROWS * ld);
    run_m = device_poisoned(c, 3);
    test_ok(gb_op_init_packed(
                c, &op, "embedding", packing,
                GB_ARGS([GB_EMBEDDING_ROWS] = GB_MEM(rows_m),
                        [GB_EMBEDDING_WTE] = GB_MEM(m.weight),
                        [GB_EMBEDDING_PANEL] = GB_UINT(m.panels.width),
                        [GB_EMBEDDING_WPE] = GB_MEM(wpe_m),
                        [GB_EMBEDDING_X] = GB_MEM(x_m),
                        [GB_EMBEDDING_WIDTH] = GB_UINT(width),
                        [GB_EMBEDDING_LDX] = GB_UINT(ld),
                        [GB_EMBEDDING_RUN] = GB_MEM(run_m),
                        [GB_EMBEDDING_N] = GB_UINT(n),
                        [GB_EMBEDDING_TOKEN] = GB_INT(rows[0].token),
                        [GB_EMBEDDING_POSITION] = GB_INT(positions[0]),
                        [GB_EMBEDDING_STORE] = GB_INT(store),
                        [GB_EMBEDDING_SLOT] = GB_INT(3)),
                &err),
            &err);
    op.per_y = 1;
    device_run(c, &op, n);
    y = device_read(c, x_m, ROWS * ld);
    run = device_read(c, run_m, 3);
    told = device_read(c, rows_m, n * sizeof *rows / 4);
    assert_int_equal(run[1], n);
    assert_memory_equal(told, rows, n * sizeof *rows);
    for (i = 0; i < n; i++)
        for (j = 0; j < ld; j++) {
            expected = j < width
                           ? wte[(size_t)rows[i].token * width + j] +
                                 wpe[positions[i] * width + j]
                           : 0.0f;
            assert_near(y[i * ld + j], expected, 0, "embedding", i, j);
        }
    assert_poison(y + n * ld, (ROWS - n) * ld, "embedding");
    device_free(wpe_m), device_free(rows_m);
    device_free(x_m), device_free(run_m);
    gb_matrix_free(&m);
    free(wte), free(wpe), free(y), free(run), free(told);
}

static void
check_embeddings(gb_compute *c, gb_packing packing)
{
    static const unsigned vocabs[] = {1, 50, 520};
    unsigned i, n;

    for (i = 0; i < (small_cases() ? 2 : GB_COUNT(vocabs)); i++)
        for (n = 1; n <= 5; n += 4) {
            check_embedding(c, packing, vocabs[i], 75, n, 1);
            check_embedding(c, packing, vocabs[i], 33, n, 0);
        }
}

static void
test_embedding(void **state)
{
    (void)state;
    for_each_packing(check_embeddings);
}

/* --- layer norm -------------------------------------------------------- */

static void
norm_oracle(const float *x, const float *gain, const float *bias,
            unsigned width, double eps, double *y)
{
    double mean = 0, variance = 0;
    unsigned i;

    for (i = 0; i < width; i++)
        mean += x[i];
    mean /= width;
    for (i = 0; i < width; i++)
        variance += (x[i] - mean) * (x[i] - mean);
    variance /= width;
    for (i = 0; i < width; i++)
        y[i] = (x[i] - mean) / sqrt(variance + eps) * gain[i] + bias[i];
}

/* Rows first_row .. of ROWS rows; when it is negative, those that have a slot,
 * where that is. */
static void
check_layernorm(gb_compute *c, unsigned width, int first_row)
{
    enum { ROWS = 5, LENGTH = 4 };
    const unsigned ld = gb_padded_width(&c->shape, width);
    static const gb_row rows[LENGTH] = {{.slot = 2}, {.slot = -1},
                                        {.slot = 0}, {.slot = -1}};
    static const int slots[ROWS] = {2, -1, 0, -1, -1};
    const unsigned from = first_row < 0 ? 0 : (unsigned)first_row;
    const unsigned n = LENGTH - from;
    const float eps = 1e-5f;
    float *x = random_floats(3, ROWS * width, 4.0f);
    float *gain = random_floats(4, width, 1.0f);
    float *bias = random_floats(5, width, 1.0f);
    float *padded = padded_rows(x, ROWS, width, ld, 0.0f);
    float *gain_p = padded_rows(gain, 1, width, ld, 0.0f);
    float *bias_p = padded_rows(bias, 1, width, ld, 0.0f), *y;
    double *expected = gb_alloc_array(width, sizeof *expected);
    gb_norm norm = {device_words(c, gain_p, ld), device_words(c, bias_p, ld)};
    cl_mem x_m, y_m = device_poisoned(c, ROWS * ld);
    cl_mem rows_m = device_words(c, rows, sizeof rows / 4);
    device_quants quants = quants_poisoned(
        c, first_row % 2 == 0 ? GB_PACK_Q8_0 : GB_PACK_Q4_0, ROWS, width);
    gb_error err = GB_ERROR_INIT;
    bool written[ROWS];
    unsigned i, j;
    int source;
    gb_op op;

    for (i = 0; i < ROWS * ld; i++)
        if (i / ld < from || i / ld >= from + n)
            padded[i] = poison();
    x_m = device_words(c, padded, ROWS * ld);
    test_ok(gb_norm_init(&op, c, &norm, x_m, y_m, width, ld, eps, first_row,
                         rows_m, quants.made, &err),
            &err);
    device_run(c, &op, n);
    y = device_read(c, y_m, ROWS * ld);
    for (i = 0; i < ROWS; i++) {
        source = first_row < 0 ? slots[i] : i < n ? (int)(from + i) : -1;
        written[i] = source >= 0;
        if (source < 0) {
            assert_poison(y + i * ld, ld, "layernorm");
            continue;
        }
        norm_oracle(x + source * width, gain, bias, width, eps, expected);
        for (j = 0; j < ld; j++)
            assert_near(y[i * ld + j], j < width ? expected[j] : 0,
                        j < width ? 4e-6 : 0, "layernorm", i, j);
    }
    quants_check(c, &quants, y_m, ld, width, ROWS, written);
    device_free(norm.gain), device_free(norm.bias), device_free(rows_m);
    device_free(x_m), device_free(y_m);
    free(x), free(gain), free(bias), free(padded), free(gain_p);
    free(bias_p), free(y), free(expected);
}

static void
check_layernorms(gb_compute *c)
{
    static const unsigned widths[] = {1, 3, 16, 75, 200};
    unsigned i;
    int first_row;

    for (i = 0; i < GB_COUNT(widths); i++)
        for (first_row = -1; first_row < 3; first_row++)
            check_layernorm(c, widths[i], first_row);
}

static void
test_layernorm(void **state)
{
    (void)state;
    for_each_shape(check_layernorms);
}

/* --- linear ------------------------------------------------------------ */

#define MAX_ROWS 25

typedef struct linear_case {
    gb_matrix m;
    unsigned n_in, n_out, ldx, ldy;
    float *x;     /* (MAX_ROWS, n_in) */
    float *seen;  /* the same as it is multiplied */
    float *w;     /* (n_in, n_out), likewise */
    float *bias;  /* (n_out) */
    float *prior; /* (MAX_ROWS, n_out): what the epilogue may add to */
} linear_case;

static void
linear_open(linear_case *l, gb_compute *c, gb_packing packing, unsigned n_in,
            unsigned n_out)
{
    gb_error err = GB_ERROR_INIT;
    gb_tensor w, bias;

    l->n_in = n_in;
    l->n_out = n_out;
    l->ldx = gb_padded_width(&c->shape, n_in);
    l->ldy = gb_padded_width(&c->shape, n_out);
    l->x = random_floats(6, (size_t)MAX_ROWS * n_in, 2.0f);
    l->w = random_weights(packing, 7, (size_t)n_in * n_out);
    l->bias = random_floats(8, n_out, 1.0f);
    l->prior = random_floats(9, (size_t)MAX_ROWS * n_out, 3.0f);
    w = tensor_of(l->w, n_in, n_out);
    bias = tensor_of(l->bias, 0, n_out);
    test_ok(gb_matrix_load(&l->m, c, packing, &w, false, &bias, &err), &err);
    quantize_weights(l->w, n_in, n_out, false, packing);
    l->seen = random_floats(6, (size_t)MAX_ROWS * n_in, 2.0f);
    if (gb_packing_is_quantized(packing))
        quantize_activations(l->seen, MAX_ROWS, n_in);
}

static void
linear_close(linear_case *l)
{
    gb_matrix_free(&l->m);
    free(l->x), free(l->seen), free(l->w), free(l->bias), free(l->prior);
}

/* Element (row, o) before rounding; *size is the sum of the products'
 * magnitudes, for the tolerance. */
static double
linear_oracle(const linear_case *l, unsigned row, unsigned o,
              gb_epilogue epilogue, double *size)
{
    double sum = l->bias[o], product;
    unsigned i;

    *size = 1 + fabs(sum);
    for (i = 0; i < l->n_in; i++) {
        product = (double)l->seen[row * l->n_in + i] * l->w[i * l->n_out + o];
        sum += product;
        *size += fabs(product);
    }
    if (epilogue == GB_EPILOGUE_GELU_ERF)
        return 0.5 * sum * (1 + erf(sum / sqrt(2)));
    if (epilogue == GB_EPILOGUE_RELU)
        return fmax(sum, 0);
    if (epilogue == GB_EPILOGUE_SILU)
        return sum / (1 + exp(-sum));
    if (epilogue == GB_EPILOGUE_QUICK_GELU)
        return sum / (1 + exp(-1.702 * sum));
    if (epilogue == GB_EPILOGUE_GELU)
        return 0.5 * sum *
               (1 + tanh(sqrt(2 / acos(-1)) *
                         (sum + 0.044715 * sum * sum * sum)));
    return epilogue == GB_EPILOGUE_ADD ? sum + l->prior[row * l->n_out + o]
                                       : sum;
}

typedef enum linear_way { LINEAR_ONE, LINEAR_MANY, LINEAR_CLBLAST } linear_way;

/* y (n, ldy) of rows first .. first + n - 1; checks what else was written.
 * The caller frees. */
static float *
linear_run(gb_compute *c, const linear_case *l, unsigned first, unsigned n,
           gb_epilogue epilogue, linear_way way)
{
    const cl_int run[2] = {0, (cl_int)n};
    float *x = padded_rows(l->x + first * l->n_in, n, l->n_in, l->ldx,
                           poison());
    float *y = padded_rows(l->prior + first * l->n_out, n, l->n_out, l->ldy,
                           poison());
    const size_t quants =
        n * gb_quants_size(&c->shape, l->m.panels.packing, l->n_in) / 4;
    const unsigned padded = gb_panels_outputs(&l->m.panels);
    cl_mem x_m = device_words(c, x, n * l->ldx), y_m, run_m, quants_m;
    /* A group makes whole blocks of one panel. */
    device_quants made = quants_poisoned(
        c, way == LINEAR_CLBLAST || l->m.panels.width % GB_QUANT_BLOCK != 0
               ? GB_PACK_F32
           : n % 2 == 0 ? GB_PACK_Q4_0
                        : GB_PACK_Q8_0,
        n, l->n_out);
    gb_error err = GB_ERROR_INIT;
    gb_linear linear;
    gb_gemm *gemm;
    unsigned i, j;

    /* Only adding reads what was there. */
    for (i = 0; i < n * l->ldy; i++)
        if (epilogue != GB_EPILOGUE_ADD)
            y[i] = poison();
        else if (i % l->ldy >= l->n_out && i % l->ldy < padded)
            y[i] = 0.5f;
    y_m = device_words(c, y, n * l->ldy);
    run_m = device_words(c, run, 2);
    if (way == LINEAR_CLBLAST) {
        gemm = gb_gemm_open(c, l->n_in, padded, n, &err);
        test_ok(gemm != NULL, &err);
        test_ok(gb_gemm_run(gemm, c, &l->m, x_m, l->ldx, y_m, l->ldy,
                            epilogue, n, &err),
                &err);
        test_ok(gb_compute_finish(c, &err), &err);
        gb_gemm_close(gemm);
    } else {
        quants_m = device_poisoned(c, quants);
        test_ok(gb_linear_init(&linear, c, &l->m,
                               &(gb_linear_io){x_m, l->ldx, y_m, l->ldy,
                                               epilogue, run_m,
                                               .quants.mem = quants_m,
                                               .made = made.made},
                               &err),
                &err);
        if (linear.quantize.kernel != NULL)
            device_run(c, &linear.quantize, n);
        device_run(c, way == LINEAR_ONE ? &linear.one : &linear.many, n);
        gb_linear_free(&linear);
        free(device_read(c, quants_m, quants));
        device_free(quants_m);
        quants_check(c, &made, y_m, l->ldy, l->n_out, n, NULL);
    }
    free(y);
    y = device_read(c, y_m, n * l->ldy);
    for (i = 0; i < n; i++) {
        for (j = l->n_out; j < padded; j++)
            assert_near(y[i * l->ldy + j],
                        epilogue == GB_EPILOGUE_ADD ? 0.5 : 0, 0,
                        "padding of linear", i, j);
        assert_poison(y + i * l->ldy + j, l->ldy - j, "linear");
    }
    device_free(x_m), device_free(y_m), device_free(run_m);
    free(x);
    return y;
}

static void
check_rows(const linear_case *l, const float *y, unsigned n,
           gb_epilogue epilogue)
{
    double expected, size;
    unsigned i, j;

    for (i = 0; i < n; i++)
        for (j = 0; j < l->n_out; j++) {
            expected = linear_oracle(l, i, j, epilogue, &size);
            assert_near(y[i * l->ldy + j], expected, 1e-6 * size, "linear",
                        i, j);
        }
}

/* All rows alone, against the oracle; then rows together, bit for bit. */
static void
check_linear(gb_compute *c, const linear_case *l, gb_epilogue epilogue,
             const unsigned *counts, size_t n_counts)
{
    const unsigned most = counts[n_counts - 1];
    float *alone = gb_alloc_array((size_t)most * l->ldy, sizeof *alone), *y;
    unsigned i;

    for (i = 0; i < most; i++) {
        y = linear_run(c, l, i, 1, epilogue, LINEAR_ONE);
        memcpy(alone + i * l->ldy, y, l->ldy * sizeof *y);
        free(y);
    }
    check_rows(l, alone, most, epilogue);
    for (i = 0; i < n_counts; i++) {
        y = linear_run(c, l, 0, counts[i], epilogue, LINEAR_MANY);
        if (memcmp(y, alone, counts[i] * l->ldy * sizeof *y) != 0)
            fail_msg("%u rows of %u inputs and %u outputs differ from the "
                     "rows alone", counts[i], l->n_in, l->n_out);
        free(y);
    }
    free(alone);
}

static void
check_linears(gb_compute *c, gb_packing packing)
{
    static const unsigned counts[] = {1, 2, 5, 6, 7, 13, MAX_ROWS};
    static const unsigned few[] = {1, 5};
    static const unsigned inputs[] = {1, 33, 75};
    static const unsigned outputs[] = {1, 50, 96, 520};
    bool wide = false, narrow = false;
    linear_case l;
    unsigned i, o, e;

    for (i = 0; i < GB_COUNT(inputs); i++)
        for (o = 0; o < GB_COUNT(outputs); o++) {
            if (small_cases() && (i == 2 || (i == 1) != (o == 3)))
                continue;
            linear_open(&l, c, packing, inputs[i], outputs[o]);
            wide |= l.m.wide;
            narrow |= !l.m.wide;
            e = small_cases() && o == 3 ? GB_EPILOGUE_ADD : GB_EPILOGUE_BIAS;
            for (; e <= (o == 1 ? GB_EPILOGUE_QUICK_GELU : GB_EPILOGUE_ADD);
                 e++)
                check_linear(c, &l, e, small_cases() ? few : counts,
                             small_cases() ? GB_COUNT(few)
                                           : GB_COUNT(counts));
            linear_close(&l);
        }
    assert_true(narrow && wide == (c->shape.wide > c->shape.narrow));
}

static void
test_linear(void **state)
{
    (void)state;
    for_each_packing(check_linears);
}

/* CLBlast takes activations as they are, whatever the packing. */
static void
check_clblast(gb_compute *c, gb_packing packing, unsigned n_in, unsigned n_out,
              unsigned n, gb_epilogue first, gb_epilogue last)
{
    linear_case l;
    unsigned e;
    float *y;

    linear_open(&l, c, packing, n_in, n_out);
    memcpy(l.seen, l.x, MAX_ROWS * l.n_in * sizeof *l.x);
    for (e = first; e <= last; e++) {
        y = linear_run(c, &l, 0, n, e, LINEAR_CLBLAST);
        check_rows(&l, y, n, e);
        free(y);
    }
    linear_close(&l);
}

/* Whether another matrix was in the buffers before must not matter. */
static void
test_clblast(void **state)
{
    (void)state;
    if (small_cases())
        skip();
    check_clblast(program(2), GB_PACK_F16, 33, 50, 13, GB_EPILOGUE_BIAS,
                  GB_EPILOGUE_QUICK_GELU);
    check_clblast(program(2), GB_PACK_Q8_0, 75, 50, 5, GB_EPILOGUE_GELU,
                  GB_EPILOGUE_GELU);
    check_clblast(program(1), GB_PACK_Q4_0, 33, 520, 5, GB_EPILOGUE_BIAS,
                  GB_EPILOGUE_BIAS);
    check_clblast(program(3), GB_PACK_BF16, 75, 520, 5, GB_EPILOGUE_GELU,
                  GB_EPILOGUE_GELU);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loading),
        cmocka_unit_test(test_embedding), cmocka_unit_test(test_layernorm),
        cmocka_unit_test(test_linear),    cmocka_unit_test(test_clblast),
    };

    return cmocka_run_group_tests(tests, open_programs, close_programs);
}
