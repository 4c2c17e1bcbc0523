/* The rows around the text, on a grid of cells: status, title. */
#include "test.h"

#include <locale.h>

#include "base/cells.h"
#include "base/mem.h"
#include "tui/status.h"
#include "tui/title.h"

static gb_row row;

static const char *
show(const gb_status_in *in, unsigned width, bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_status_put(&row, in);
    assert_int_equal(gb_cells_width(gb_str_cstr(&row.text), row.text.len,
                                    ascii),
                     row.used);
    assert_in_range(row.used, 1, width);
    return gb_str_cstr(&row.text);
}

static gb_status_in
make_status(void)
{
    gb_status_in in = {.state = GB_STATE_WRITING, .pace = 25};

    gb_settings_init(&in.settings);
    in.stats.context_used = 27;
    in.stats.context_total = 512;
    in.stats.tokens_per_second = 24.8;
    return in;
}

/* The column at which a text stands. */
static unsigned
column_of(const char *text)
{
    const char *at = strstr(gb_str_cstr(&row.text), text);

    assert_non_null(at);
    return gb_cells_width(row.text.data, (size_t)(at - row.text.data),
                          row.ascii);
}

static void
test_status(void **state)
{
    gb_status_in in = make_status();

    (void)state;
    assert_string_equal(show(&in, 80, false),
        " T 0.80  sampling  25/s    ctx 27/512   seed 0                  "
        "  ● writing");
    assert_string_equal(show(&in, 60, false),
        " T 0.80  sampling  25/s    ctx 27/512   seed 0    ● writing");
    assert_string_equal(show(&in, 40, false),
        " T 0.80  smp  ctx 27/512      ● writing");
    assert_string_equal(show(&in, 80, true),
        " T 0.80  sampling  25/s    ctx 27/512   seed 0                  "
        "  * writing");
    in.settings.greedy = true;
    in.settings.filter.top_k = 40;
    in.settings.filter.top_p = 0.9;
    in.settings.repetition_penalty = 1.1;
    in.settings.pin = "x";
    assert_string_equal(show(&in, 120, false),
        " T 0.80  greedy    25/s    ctx 27/512   seed 0  top-k 40  top-p "
        "0.9  rep 1.1  pin                         ● writing");
    assert_string_equal(show(&in, 80, false),
        " T 0.80  greedy    ctx 27/512   seed 0  k40  p0.9  rep 1.1  pin "
        "  ● writing");
    in.settings.seed = UINT64_MAX;
    assert_string_equal(show(&in, 80, false),
        " T 0.80  grd  ctx 27/512   seed 18446744073709551615  k40  p0.9 "
        "  ● writing");
    assert_string_equal(show(&in, 20, false), " T 0.80   ● writing");
}

/* Whatever the figures, each field begins where it did. */
static void
test_nothing_jumps(void **state)
{
    static const double speeds[] = {0.5, 9.96, 99.4, 458, 12345};
    static const uint32_t used[] = {0, 9, 27, 512, 513};
    gb_status_in in = make_status();
    unsigned i, k, seed = 0;

    (void)state;
    for (i = 0; i < GB_COUNT(speeds); i++)
        for (k = 0; k < GB_COUNT(used); k++) {
            in.pace = 0;
            in.stats.tokens_per_second = speeds[i];
            in.stats.context_used = used[k];
            in.settings.temperature = i % 2 == 0 ? 0.001f : 1000;
            in.settings.greedy = k % 2 == 0;
            in.state = k == 0 ? GB_STATE_READING : GB_STATE_WRITING;
            in.done = 4;
            in.total = 10;
            show(&in, 80, false);
            if (seed == 0)
                seed = column_of("seed");
            assert_int_equal(column_of("seed"), seed);
            assert_int_equal(column_of(k == 0 ? "◐" : "●"), 66);
            assert_null(strstr(row.text.data, "513/"));
        }
}

/* The context slides: that is nothing to be alarmed at. */
static void
test_context(void **state)
{
    gb_status_in in = make_status();
    size_t i;

    (void)state;
    in.stats.context_used = 500;
    show(&in, 80, false);
    assert_non_null(strstr(row.text.data, "ctx 500/512"));
    assert_non_null(strstr(row.text.data, "forgets in 12"));
    in.stats.context_used = 513;
    show(&in, 80, false);
    assert_non_null(strstr(row.text.data, "ctx 512/512"));
    assert_non_null(strstr(row.text.data, "forgets "));
    for (i = 0; i < row.n_pieces; i++) {
        assert_int_not_equal(row.pieces[i].style, GB_STYLE_BAD);
        assert_int_not_equal(row.pieces[i].style, GB_STYLE_WARN);
    }
}

static void
test_why_it_rests(void **state)
{
    static const struct {
        gb_state state;
        gb_reason reason;
        const char *words;
    } cases[] = {
        {GB_STATE_IDLE, GB_REASON_NONE, "idle"},
        {GB_STATE_IDLE, GB_REASON_LENGTH, "limit"},
        {GB_STATE_IDLE, GB_REASON_EOS, "ended"},
        {GB_STATE_IDLE, GB_REASON_STOP, "stop text"},
        {GB_STATE_STOPPED, GB_REASON_INTERRUPT, "stopped"},
        {GB_STATE_IDLE, GB_REASON_INTERRUPT, "stopped"},
        {GB_STATE_WRITING, GB_REASON_LENGTH, "writing"},
        {GB_STATE_PAUSED, GB_REASON_NONE, "paused"},
    };
    gb_status_in in = make_status();
    char words[48];
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        in.state = cases[i].state;
        in.stats.rests = cases[i].reason;
        gb_status_words(&in, words, sizeof words);
        assert_string_equal(words, cases[i].words);
    }
    in.state = GB_STATE_READING;
    in.phase = GB_PHASE_EXPORT;
    in.done = 30;
    in.total = 40;
    gb_status_words(&in, words, sizeof words);
    assert_string_equal(words, "exporting 75 %");
    in.phase = GB_PHASE_COMPILE;
    in.done = in.total = 0;
    gb_status_words(&in, words, sizeof words);
    assert_string_equal(words, "compiling");
}

/* What is typed shows its end, with room for the cursor. */
static void
test_typed(void **state)
{
    static const struct {
        const char *text, *shown;
        unsigned width, used;
    } cases[] = {
        {"", "ab", 8, 2},
        {"12345", "ab12345", 8, 7},
        {"123456", "ab<3456", 8, 7},
        {"1\n2\t34567", "ab<4567", 8, 7},
        {"12345é", "ab<345é", 8, 7},
        {"1234鸟鸟", "ab<鸟鸟", 8, 7},
        {"123鸟4鸟", "ab<4鸟", 8, 6},
        {"12", "ab<", 4, 3},
        {"12", "ab", 3, 2},
        {"12", "ab", 2, 2},
        {"12", "a", 1, 1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_row_free(&row);
        gb_row_init(&row, cases[i].width, false);
        gb_row_puts(&row, GB_STYLE_PLAIN, cases[i].width > 1 ? "ab" : "a");
        gb_row_typed(&row, GB_STYLE_PLAIN, cases[i].text,
                     strlen(cases[i].text));
        assert_string_equal(gb_str_cstr(&row.text), cases[i].shown);
        assert_int_equal(row.used, cases[i].used);
    }
}

/* The temperature that the text at the cursor was written with. */
static void
test_written(void **state)
{
    gb_status_in in = make_status();
    gb_settings then = in.settings;

    (void)state;
    in.written = &then;
    show(&in, 80, false);
    assert_null(strstr(row.text.data, "was"));
    in.settings.temperature = 0.9f;
    show(&in, 80, false);
    assert_non_null(strstr(row.text.data, "was T 0.8 "));
    then.greedy = true;
    show(&in, 80, false);
    assert_non_null(strstr(row.text.data, "was greedy "));
}

static void
test_widths(void **state)
{
    gb_status_in in = make_status();
    unsigned width;

    (void)state;
    in.settings.filter = (gb_filter){40, 0.95, 0.05};
    in.settings.bias = "{}";
    in.waiting = 3;
    for (width = 1; width <= 220; width++) {
        show(&in, width, width % 2 == 0);
        if (width < 40)
            continue;
        assert_non_null(strstr(row.text.data, "T 0.80"));
        assert_non_null(strstr(row.text.data, "27/512"));
        assert_non_null(strstr(row.text.data, "writing"));
    }
}

static void
test_device_names(void **state)
{
    static const char *const cases[][2] = {
        {"pthread-haswell-AMD EPYC", "AMD EPYC"},
        {"pthread-skylake-avx512-AMD EPYC", "AMD EPYC"},
        {"pthread-AMD EPYC 9354 32-Core Processor", "AMD EPYC 9354"},
        {"cpu-haswell-Intel(R) Core(TM) i7-1185G7 @ 3.00GHz",
         "Core i7-1185G7"},
        {"cpu-x86-64-v3-13th Gen Intel(R) Core(TM) i7-1360P",
         "Core i7-1360P"},
        {"Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", "Core i7-1185G7"},
        {"Intel(R) Core(TM) i5-6500 CPU @ 3.20GHz", "Core i5-6500"},
        {"Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", "Xeon Gold 6130"},
        {"Intel(R) UHD Graphics 620", "Intel UHD Graphics 620"},
        {"Intel(R) Iris(R) Xe Graphics", "Iris Xe Graphics"},
        {"Intel(R) Arc(TM) A770 Graphics", "Arc A770 Graphics"},
        {"Mesa Intel(R) UHD Graphics 620 (KBL GT2)",
         "Intel UHD Graphics 620"},
        {"AMD Ryzen 7 5800X 8-Core Processor", "AMD Ryzen 7 5800X"},
        {"AMD Ryzen 7 7840U w/ Radeon 780M Graphics", "AMD Ryzen 7 7840U"},
        {"AMD Ryzen 5 3500U with Radeon Vega Mobile Gfx",
         "AMD Ryzen 5 3500U"},
        {"NVIDIA GeForce RTX 3080 Ti Laptop GPU",
         "GeForce RTX 3080 Ti Laptop GPU"},
        {"NVIDIA A100-SXM4-40GB", "NVIDIA A100"},
        {"NVIDIA H100 80GB HBM3", "NVIDIA H100"},
        {"NVIDIA H100 PCIe", "NVIDIA H100"},
        {"Tesla T4", "Tesla T4"},
        {"gfx1030", "AMD gfx1030"},
        {"gfx90a:sramecc+:xnack-", "AMD gfx90a"},
        {"AMD Radeon RX 6800 XT (radeonsi, navi21, LLVM 15.0.7)",
         "AMD Radeon RX 6800 XT"},
        {"llvmpipe (LLVM 15.0.7, 256 bits)", "llvmpipe"},
        {"Apple M1 Pro", "Apple M1 Pro"},
        {"pthread-cortex-a72", "cortex-a72"},
        {"(odd)", "(odd)"},
        {"", ""},
    };
    gb_str name = GB_STR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        gb_str_clear(&name);
        gb_title_device(&name, cases[i][0]);
        assert_string_equal(gb_str_cstr(&name), cases[i][1]);
    }
    gb_str_free(&name);
}

static const char *
title(const gb_mirror *m, unsigned width, bool ascii)
{
    gb_row_free(&row);
    gb_row_init(&row, width, ascii);
    gb_title_put(&row, m);
    assert_in_range(row.used, 0, width);
    return gb_str_cstr(&row.text);
}

static void
test_title(void **state)
{
    static char model[] = "stories", dtype[] = "f16",
                device[] = "pthread-haswell-AMD EPYC";
    gb_part parts[2] = {{.n_tokens = 10}, {.number = 10, .n_tokens = 30}};
    gb_mirror m = {.model = NULL};
    unsigned width;

    (void)state;
    assert_string_equal(title(&m, 80, false), " gumbel");
    m.model = model;
    m.dtype = dtype;
    m.device = device;
    assert_string_equal(title(&m, 80, false), " stories · f16 · AMD EPYC");
    m.transcript.parts = parts;
    m.transcript.n_parts = 2;
    m.stats.take = 2;
    m.stats.takes = 3;
    assert_string_equal(title(&m, 60, false),
        " stories · f16 · AMD EPYC              take 2/3 · 40 tokens");
    m.mode = GB_MODE_CHAT;
    assert_string_equal(title(&m, 50, true),
        " stories | f16        chat | take 2/3 | 40 tokens");
    assert_string_equal(title(&m, 36, false), " stories");
    for (width = 1; width < 200; width++)
        title(&m, width, width % 2 == 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_nothing_jumps),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_why_it_rests),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_device_names),
        cmocka_unit_test(test_title),
    };
    int failed;

    setlocale(LC_CTYPE, "C.UTF-8");
    failed = cmocka_run_group_tests_name("rows", tests, NULL, NULL);
    gb_row_free(&row);
    return failed;
}
