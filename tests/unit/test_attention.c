/* Attention against a plain loop in double precision, then alone, in pieces, in
 * tiles and in any company, bit for bit. What a kernel must not read is
 * poisoned, and so is what it must not write. */
#include "programs.h"
#include "test.h"

#include <math.h>

#include "base/mem.h"
#include "engine/forward.h"

#define HEADS 3

/* Not what a model has by default. */
static double
attention_scale(unsigned head_size)
{
    return 0.7 / sqrt(head_size);
}

/* y (HEADS * head size) of position t, from qkv rows of all positions. */
static void
attention_oracle(const float *qkv, unsigned head_size, unsigned t, double *y)
{
    const unsigned width = HEADS * head_size;
    double *score = gb_alloc_array(t + 1, sizeof *score), max, sum;
    unsigned h, i, d;

    for (h = 0; h < HEADS; h++) {
        max = -INFINITY, sum = 0;
        for (i = 0; i <= t; i++) {
            const float *q = qkv + (size_t)t * 3 * width + h * head_size;
            const float *k = qkv + ((size_t)i * 3 + 1) * width +
                             h * head_size;

            for (score[i] = 0, d = 0; d < head_size; d++)
                score[i] += (double)q[d] * k[d];
            score[i] *= attention_scale(head_size);
            max = fmax(max, score[i]);
        }
        for (i = 0; i <= t; i++)
            sum += score[i] = exp(score[i] - max);
        for (d = 0; d < head_size; d++) {
            double *out = &y[h * head_size + d];

            for (*out = 0, i = 0; i <= t; i++)
                *out += score[i] / sum *
                        qkv[((size_t)i * 3 + 2) * width + h * head_size + d];
        }
    }
    free(score);
}

#define PER_TEXT 3
#define TEXTS 3
#define TEXT 1 /* the one that is written */

/* One text of three blocks, in a cache that has one more; another text with the
 * first two of them, and one that has these in another order. */
typedef struct attention_case {
    unsigned head_size, width, ld, ld_qkv, context;
    float *qkv;  /* (context, 3 width) */
    float *seen; /* the same with keys and values as the caches keep them */
    cl_mem keys, values, tables;
    size_t keys_size, values_size;
} attention_case;

#define HALF_POISON 0x7fc5 /* not a number either */

/* A cache of n keys' or values' components, none of them written. */
static cl_mem
new_cache(gb_compute *c, size_t n)
{
    uint16_t *halves;
    cl_mem m;
    size_t i;

    if (c->cache == GB_PACK_F32)
        return device_poisoned(c, n);
    halves = gb_alloc_array(n, sizeof *halves);
    for (i = 0; i < n; i++)
        halves[i] = HALF_POISON;
    m = device_words(c, halves, n / 2);
    free(halves);
    return m;
}

/* Its contents; the caller frees. *written: components. */
static void *
read_cache(gb_compute *c, cl_mem m, size_t n, size_t *written)
{
    float *words = device_read(c, m, c->cache == GB_PACK_F32 ? n : n / 2);
    const uint16_t *halves = (const void *)words;
    size_t i;

    for (*written = 0, i = 0; i < n; i++)
        *written += c->cache == GB_PACK_F32 ? !is_poison(words[i])
                                            : halves[i] != HALF_POISON;
    return words;
}

static void
attention_open(attention_case *a, gb_compute *c)
{
    static const cl_int tables[TEXTS * PER_TEXT] = {2, 0, -1, 2, 0, 3,
                                                    0, 2, -1};
    const unsigned positions = (PER_TEXT + 1) * GB_BLOCK;
    unsigned i;

    a->head_size = c->head_size;
    a->width = HEADS * c->head_size;
    a->ld = gb_padded_width(&c->shape, a->width);
    a->ld_qkv = gb_padded_width(&c->shape, 3 * a->width);
    a->context = PER_TEXT * GB_BLOCK;
    a->qkv = random_floats(10, (size_t)a->context * 3 * a->width, 2.0f);
    a->seen = random_floats(10, (size_t)a->context * 3 * a->width, 2.0f);
    for (i = 0; i < a->context; i++)
        round_floats(a->seen + (size_t)(3 * i + 1) * a->width, 2 * a->width,
                     c->cache);
    a->keys_size = (size_t)HEADS * positions * a->head_size;
    a->values_size = HEADS * positions * gb_round_up(a->head_size, 16);
    a->keys = new_cache(c, a->keys_size);
    a->values = new_cache(c, a->values_size);
    a->tables = device_words(c, tables, GB_COUNT(tables));
}

static void
attention_close(attention_case *a)
{
    device_free(a->keys), device_free(a->values), device_free(a->tables);
    free(a->qkv), free(a->seen);
}

/* Attends from n rows, whose queries are those of positions first ..
 * first + n - 1 of the text; out (n, width). There is no key or value but in
 * the caches, unless the rows store theirs. */
static void
attend(gb_compute *c, const attention_case *a, const gb_row *rows,
       unsigned first, unsigned n, bool tile, float *out)
{
    const cl_int run[2] = {0, (cl_int)n};
    float *x = padded_rows(a->qkv + (size_t)first * 3 * a->width, n,
                           3 * a->width, a->ld_qkv, poison()), *y;
    cl_mem x_m, rows_m = device_words(c, rows, n * sizeof *rows / 4);
    cl_mem run_m = device_words(c, run, 2), y_m = device_poisoned(c, n * a->ld);
    /* A group makes whole blocks of one head. */
    device_quants quants = quants_poisoned(
        c, a->head_size % GB_QUANT_BLOCK != 0 ? GB_PACK_F32
           : n % 2 == 0                       ? GB_PACK_Q4_0
                                              : GB_PACK_Q8_0,
        n, a->width);
    const size_t parts = gb_attention_parts(&c->shape, HEADS, a->head_size,
                                            PER_TEXT) / sizeof(float);
    cl_mem parts_m = device_poisoned(c, parts);
    gb_error err = GB_ERROR_INIT;
    gb_attention attention;
    unsigned i, j;

    for (i = 0; !rows->store && i < n; i++)
        for (j = a->width; j < 3 * a->width; j++)
            x[i * a->ld_qkv + j] = poison();
    x_m = device_words(c, x, n * a->ld_qkv);
    test_ok(gb_attention_init(
                &attention, c,
                &(gb_attention_io){.qkv = x_m, .ldx = a->ld_qkv,
                                   .y = y_m, .ldy = a->ld,
                                   .width = a->width, .heads = HEADS,
                                   .scale = attention_scale(a->head_size),
                                   .keys = a->keys, .values = a->values,
                                   .tables = a->tables, .per_text = PER_TEXT,
                                   .rows = rows_m, .run = run_m,
                                   .parts = parts_m, .made = quants.made},
                &err),
            &err);
    test_ok(gb_attention_run_as(c, &attention, tile, n, PER_TEXT, &err) &&
                gb_compute_finish(c, &err),
            &err);
    gb_attention_free(&attention);
    free(device_read(c, parts_m, parts));
    quants_check(c, &quants, y_m, a->ld, a->width, n, NULL);
    y = device_read(c, y_m, n * a->ld);
    for (i = 0; i < n; i++) {
        memcpy(out + i * a->width, y + i * a->ld, a->width * sizeof *y);
        assert_poison(y + i * a->ld + a->width, a->ld - a->width,
                      "attention");
    }
    device_free(x_m), device_free(y_m), device_free(rows_m);
    device_free(run_m), device_free(parts_m);
    free(x), free(y);
}

/* Positions first .. first + n - 1 of the text. */
static void
attend_text(gb_compute *c, const attention_case *a, unsigned first, unsigned n,
            bool look, float *out)
{
    gb_row *rows = gb_alloc_array(n, sizeof *rows);
    unsigned i;

    for (i = 0; i < n; i++)
        rows[i] = (gb_row){.position = (cl_int)(first + i), .table = TEXT,
                           .store = !look};
    attend(c, a, rows, first, n, n >= c->shape.queries, out);
    free(rows);
}

/* The caches hold n positions and nothing else. */
static void
check_caches(gb_compute *c, const attention_case *a, unsigned n)
{
    size_t written;

    free(read_cache(c, a->keys, a->keys_size, &written));
    assert_int_equal(written, (size_t)n * a->width);
    free(read_cache(c, a->values, a->values_size, &written));
    assert_int_equal(written,
                     (size_t)n * HEADS * gb_round_up(a->head_size, 16));
}

/* Looking at each position from `first` to n again gives what it gave (n,
 * width), and leaves the caches as they are. */
static void
check_looks(gb_compute *c, const attention_case *a, unsigned first, unsigned n,
            const float *before)
{
    const size_t size = gb_packings[c->cache].bytes;
    size_t n_keys, n_values;
    void *keys = read_cache(c, a->keys, a->keys_size, &n_keys), *keys_after;
    void *values = read_cache(c, a->values, a->values_size, &n_values);
    void *values_after;
    float *again = gb_alloc_array(a->width, sizeof *again);
    unsigned t;

    for (t = n; t-- > first;) {
        attend_text(c, a, t, 1, true, again);
        assert_memory_equal(again, before + t * a->width,
                            a->width * sizeof *again);
    }
    keys_after = read_cache(c, a->keys, a->keys_size, &n_keys);
    values_after = read_cache(c, a->values, a->values_size, &n_values);
    assert_memory_equal(keys, keys_after, a->keys_size * size);
    assert_memory_equal(values, values_after, a->values_size * size);
    free(keys), free(keys_after), free(values), free(values_after);
    free(again);
}

/* Rows of any texts and positions that go along with each other give what each
 * gives alone. */
static void
check_company(gb_compute *c, const attention_case *a, unsigned known)
{
    enum { ROWS = 11 };
    gb_row rows[ROWS] = {
        {.table = 1, .position = 131}, {.table = 1, .position = 132},
        {.table = 0, .position = 127}, {.table = 1, .position = 133},
        {.table = 0, .position = 100}, {.table = 0, .position = 63},
        {.table = 1, .position = 64},  {.table = 1, .position = 100},
        {.table = 2, .position = 127}, {.table = 1, .position = 0},
        {.table = 0, .position = 90},
    };
    float *alone = gb_alloc_array(a->width, sizeof *alone);
    float *tiles = gb_alloc_array(ROWS * a->width, sizeof *tiles);
    float *each = gb_alloc_array(ROWS * a->width, sizeof *each);
    unsigned i, n;

    for (i = 0; known <= 2 * GB_BLOCK && i < ROWS; i++)
        rows[i].position %= (cl_int)(known % GB_BLOCK);
    for (n = small_cases() ? ROWS : 1; n <= ROWS; n++) {
        attend(c, a, rows, 0, n, true, tiles);
        attend(c, a, rows, 0, n, false, each);
        for (i = n == ROWS ? 0 : n - 1; i < n; i++) {
            attend(c, a, &rows[i], i, 1, false, alone);
            if (memcmp(alone, tiles + i * a->width,
                       a->width * sizeof *alone) != 0 ||
                memcmp(alone, each + i * a->width,
                       a->width * sizeof *alone) != 0)
                fail_msg("head size %u: row %u of %u differs from the same "
                         "alone", a->head_size, i, n);
        }
    }
    free(alone), free(tiles), free(each);
}

/* Token by token against the oracle, then in pieces, bit for bit. Blocks end
 * at 64 and 128. */
static void
check_attention(gb_compute *c)
{
    static const unsigned pieces[] = {62, 1, 3, 70, 1, 9};
    const unsigned last = small_cases() ? 3 : GB_COUNT(pieces);
    const unsigned first = small_cases() ? pieces[0] : 0; /* one by one */
    float *alone, *together;
    double *expected;
    attention_case a;
    unsigned n = 0, i, j, t;

    attention_open(&a, c);
    alone = gb_alloc_array((size_t)a.context * a.width, sizeof *alone);
    together = gb_alloc_array((size_t)a.context * a.width, sizeof *together);
    expected = gb_alloc_array(a.width, sizeof *expected);
    for (i = 0; i < last; n += pieces[i++])
        attend_text(c, &a, n, pieces[i], false, together + n * a.width);
    check_caches(c, &a, n);
    for (t = 0; t < n; t++) {
        attention_oracle(a.seen, a.head_size, t, expected);
        for (j = 0; j < a.width; j++)
            assert_near(together[t * a.width + j], expected[j], 4e-6,
                        "attention", t, j);
    }
    device_free(a.keys), device_free(a.values);
    a.keys = new_cache(c, a.keys_size);
    a.values = new_cache(c, a.values_size);
    if (first > 0)
        attend_text(c, &a, 0, first, false, alone);
    for (t = first; t < n; t++)
        attend_text(c, &a, t, 1, false, alone + t * a.width);
    check_caches(c, &a, n);
    check_looks(c, &a, first, n, alone);
    check_company(c, &a, n);
    for (t = 0; t < n; t++)
        if (memcmp(alone + t * a.width, together + t * a.width,
                   a.width * sizeof *alone) != 0)
            fail_msg("head size %u: position %u alone differs from the same "
                     "in a piece", a.head_size, t);
    attention_close(&a);
    free(alone), free(together), free(expected);
}

static void
test_attention(void **state)
{
    (void)state;
    for_each_program(check_attention);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attention)};

    return cmocka_run_group_tests(tests, open_programs, close_programs);
}
