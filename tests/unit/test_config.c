/* config.json: what is read, what is refused and in which words. */
#include "test.h"

#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "model/config.h"
#include "mutate.h"

static bool
load(const char *text, size_t n, gb_config *config, gb_error *err)
{
    char *path = gb_path_join(test_folder(), "config.json");

    *err = (gb_error)GB_ERROR_INIT;
    test_ok(gb_file_replace(path, text, n, 0600, err), err);
    free(path);
    return gb_config_load(test_folder(), config, err);
}

static bool
load_text(const char *text, gb_config *config, gb_error *err)
{
    return load(text, strlen(text), config, err);
}

/* A small config with `name` set to the JSON text `value`; NULL takes the
 * field out; likewise the second pair. */
static bool
load_with(const char *name, const char *value, const char *name2,
          const char *value2, gb_config *config, gb_error *err)
{
    static const char *const fields[][2] = {
        {"model_type", "\"gpt2\""}, {"n_layer", "2"},  {"n_head", "3"},
        {"n_embd", "24"},           {"n_ctx", "77"},   {"n_positions", "77"},
        {"vocab_size", "300"},
    };
    gb_str text = GB_STR_INIT;
    bool ok;
    size_t i;

    gb_str_puts(&text, "{\"comment\": 0");
    for (i = 0; i < GB_COUNT(fields); i++)
        if ((name == NULL || strcmp(fields[i][0], name) != 0) &&
            (name2 == NULL || strcmp(fields[i][0], name2) != 0))
            gb_str_printf(&text, ",\n\"%s\": %s", fields[i][0], fields[i][1]);
    if (name != NULL && value != NULL)
        gb_str_printf(&text, ",\n\"%s\": %s", name, value);
    if (name2 != NULL && value2 != NULL)
        gb_str_printf(&text, ",\n\"%s\": %s", name2, value2);
    gb_str_puts(&text, "}\n");
    ok = load(text.data, text.len, config, err);
    gb_str_free(&text);
    return ok;
}

/* What ends a text, and begins one. */
#define END(id) {{id}, 1}, id
/* From `tied` on. */
#define USUAL true, 1e-5f, GB_GELU_TANH, true, false, false
#define NO_END {{0}, 0}, GB_NO_TOKEN

/* As their authors published them. */
static const struct {
    const char *name, *text;
    gb_config config;
} published[] = {
    {"gpt2",
     "{\"activation_function\": \"gelu_new\", \"architectures\": ["
     "\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1, \"bos_token_id\": 50256,"
     "\"embd_pdrop\": 0.1, \"eos_token_id\": 50256, \"initializer_range\": "
     "0.02, \"layer_norm_epsilon\": 1e-05, \"model_type\": \"gpt2\","
     "\"n_ctx\": 1024, \"n_embd\": 768, \"n_head\": 12, \"n_layer\": 12,"
     "\"n_positions\": 1024, \"resid_pdrop\": 0.1, \"summary_activation\": "
     "null, \"summary_first_dropout\": 0.1, \"summary_proj_to_labels\": true,"
     "\"summary_type\": \"cls_index\", \"summary_use_proj\": true,"
     "\"task_specific_params\": {\"text-generation\": {\"do_sample\": true,"
     "\"max_length\": 50}}, \"vocab_size\": 50257}",
     {12, 12, 768, 64, 3072, 1024, 50257, END(50256), USUAL}},
    {"gpt2-medium",
     "{\"activation_function\": \"gelu_new\", \"architectures\": ["
     "\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1, \"bos_token_id\": 50256,"
     "\"embd_pdrop\": 0.1, \"eos_token_id\": 50256, \"initializer_range\": "
     "0.02, \"layer_norm_epsilon\": 1e-05, \"model_type\": \"gpt2\","
     "\"n_ctx\": 1024, \"n_embd\": 1024, \"n_head\": 16, \"n_layer\": 24,"
     "\"n_positions\": 1024, \"n_special\": 0, \"predict_special_tokens\": "
     "true, \"resid_pdrop\": 0.1, \"summary_activation\": null,"
     "\"summary_first_dropout\": 0.1, \"summary_proj_to_labels\": true,"
     "\"summary_type\": \"cls_index\", \"summary_use_proj\": true,"
     "\"task_specific_params\": {\"text-generation\": {\"do_sample\": true,"
     "\"max_length\": 50}}, \"vocab_size\": 50257}",
     {24, 16, 1024, 64, 4096, 1024, 50257, END(50256), USUAL}},
    {"gpt2-xl",
     "{\"activation_function\": \"gelu_new\", \"architectures\": ["
     "\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1, \"bos_token_id\": 50256,"
     "\"embd_pdrop\": 0.1, \"eos_token_id\": 50256, \"initializer_range\": "
     "0.02, \"layer_norm_epsilon\": 1e-05, \"model_type\": \"gpt2\","
     "\"n_ctx\": 1024, \"n_embd\": 1600, \"n_head\": 25, \"n_layer\": 48,"
     "\"n_positions\": 1024, \"output_past\": true, \"resid_pdrop\": 0.1,"
     "\"summary_activation\": null, \"summary_type\": \"cls_index\","
     "\"task_specific_params\": {\"text-generation\": {\"do_sample\": true,"
     "\"max_length\": 50}}, \"vocab_size\": 50257}",
     {48, 25, 1600, 64, 6400, 1024, 50257, END(50256), USUAL}},
    {"distilgpt2",
     "{\"_num_labels\": 1, \"activation_function\": \"gelu_new\","
     "\"architectures\": [\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1,"
     "\"bos_token_id\": 50256, \"embd_pdrop\": 0.1, \"eos_token_id\": 50256,"
     "\"id2label\": {\"0\": \"LABEL_0\"}, \"initializer_range\": 0.02,"
     "\"label2id\": {\"LABEL_0\": 0}, \"layer_norm_epsilon\": 1e-05,"
     "\"model_type\": \"gpt2\", \"n_ctx\": 1024, \"n_embd\": 768,"
     "\"n_head\": 12, \"n_layer\": 6, \"n_positions\": 1024,"
     "\"resid_pdrop\": 0.1, \"summary_activation\": null,"
     "\"task_specific_params\": {\"text-generation\": {\"do_sample\": true,"
     "\"max_length\": 50}}, \"vocab_size\": 50257}",
     {6, 12, 768, 64, 3072, 1024, 50257, END(50256), USUAL}},
    {"DialoGPT-large",
     "{\"activation_function\": \"gelu_new\", \"architectures\": ["
     "\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1, \"bos_token_id\": 50256,"
     "\"embd_pdrop\": 0.1, \"eos_token_id\": 50256, \"initializer_range\": "
     "0.02, \"layer_norm_epsilon\": 1e-05, \"model_type\": \"gpt2\","
     "\"n_ctx\": 1024, \"n_embd\": 1280, \"n_head\": 20, \"n_layer\": 36,"
     "\"n_positions\": 1024, \"resid_pdrop\": 0.1, \"summary_activation\": "
     "null, \"summary_first_dropout\": 0.1, \"task_specific_params\": {"
     "\"conversational\": {\"max_length\": 1000}}, \"vocab_size\": 50257}",
     {36, 20, 1280, 64, 5120, 1024, 50257, END(50256), USUAL}},
    {"written by Transformers 4",
     "{\"_name_or_path\": \"gpt2\", \"activation_function\": \"gelu_new\","
     "\"architectures\": [\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1,"
     "\"bos_token_id\": 0, \"eos_token_id\": 2, \"embd_pdrop\": 0.1,"
     "\"initializer_range\": 0.02, \"layer_norm_epsilon\": 1e-05,"
     "\"model_type\": \"gpt2\", \"n_embd\": 100, \"n_head\": 4, \"n_inner\":"
     "null, \"n_layer\": 4, \"n_positions\": 256, \"pad_token_id\": null,"
     "\"reorder_and_upcast_attn\": false, \"resid_pdrop\": 0.1,"
     "\"scale_attn_by_inverse_layer_idx\": false, \"scale_attn_weights\":"
     "true, \"add_cross_attention\": false, \"pruned_heads\": {},"
     "\"tie_word_embeddings\": false, \"torch_dtype\": \"float32\","
     "\"transformers_version\": \"4.38.2\", \"use_cache\": true,"
     "\"vocab_size\": 1000}",
     {4, 4, 100, 25, 400, 256, 1000, {{2}, 1}, 0, false, 1e-5f, GB_GELU_TANH, true, false, false}},
    {"2019, before model_type",
     "{\"architectures\": [\"GPT2LMHeadModel\"], \"attn_pdrop\": 0.1,"
     "\"embd_pdrop\": 0.1, \"initializer_range\": 0.02,"
     "\"layer_norm_epsilon\": 1e-5, \"n_ctx\": 1024, \"n_embd\": 768,"
     "\"n_head\": 12, \"n_layer\": 12, \"vocab_size\": 50257}",
     {12, 12, 768, 64, 3072, 1024, 50257, NO_END, USUAL}},
};

static void
check_same(const char *name, const gb_config *a, const gb_config *b)
{
    if (a->n_layer != b->n_layer || a->n_head != b->n_head ||
        a->n_embd != b->n_embd || a->head_size != b->head_size ||
        a->n_inner != b->n_inner || a->n_ctx != b->n_ctx ||
        a->n_vocab != b->n_vocab || a->ends.n != b->ends.n ||
        a->ends.ids[0] != b->ends.ids[0] || a->start_id != b->start_id ||
        a->tied != b->tied || a->ln_eps != b->ln_eps ||
        a->activation != b->activation || a->scale_attn != b->scale_attn ||
        a->scale_by_layer != b->scale_by_layer)
        fail_msg("%s: read wrong: %u layers, %u heads, %u wide, %u head size, "
                 "%u inner, %u context, %u vocabulary, eos %u, tied %d, "
                 "epsilon %g", name, a->n_layer, a->n_head, a->n_embd,
                 a->head_size, a->n_inner, a->n_ctx, a->n_vocab,
                 a->ends.n > 0 ? a->ends.ids[0] : GB_NO_TOKEN,
                 a->tied, (double)a->ln_eps);
}

static void
test_published(void **state)
{
    gb_config config;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(published); i++) {
        test_ok(load_text(published[i].text, &config, &err), &err);
        check_same(published[i].name, &config, &published[i].config);
    }
}

static void
test_shipped(void **state)
{
    const gb_config expected = {4,   3,    192,  64,   768,
                                512, 4096, END(4095), USUAL};
    gb_error err = GB_ERROR_INIT;
    gb_config config;

    (void)state;
    test_ok(gb_config_load(test_source("models/stories"), &config, &err),
            &err);
    check_same("stories", &config, &expected);
}

static void
test_accepted(void **state)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"activation_function", "\"gelu_new\""},
        {"activation_function", "\"gelu_pytorch_tanh\""},
        {"activation_function", "\"gelu_fast\""},
        {"activation_function", "\"gelu_accurate\""},
        {"activation_function", "null"},
        {"activation_function", "\"gelu\""},
        {"activation_function", "\"relu\""},
        {"activation_function", "\"swish\""},
        {"activation_function", "\"quick_gelu\""},
        {"scale_attn_weights", "false"},
        {"scale_attn_by_inverse_layer_idx", "true"},
        {"reorder_and_upcast_attn", "true"},
        {"add_cross_attention", "true"},
        {"layer_norm_epsilon", "1e-6"},
        {"layer_norm_epsilon", "1"},
        {"eos_token_id", "0"},
        {"eos_token_id", "299"},
        {"eos_token_id", "300"},
        {"eos_token_id", "[7]"},
        {"eos_token_id", "[7, 8, 50256]"},
        {"eos_token_id", "[]"},
        {"eos_token_id", "null"},
        {"n_inner", "null"},
        {"n_inner", "1"},
        {"num_hidden_layers", "2"},
        {"n_ctx", "null"},
        {"n_ctx", NULL},
        {"n_positions", NULL},
        {"n_embd", "3"},
        {"scale_attn_weights", "true"},
        {"scale_attn_weights", "null"},
        {"is_decoder", "true"},
        {"pruned_heads", "{}"},
        {"quantization_config", "null"},
    };
    gb_config config;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++)
        test_ok(load_with(cases[i].name, cases[i].value, NULL, NULL, &config,
                          &err), &err);
}

static void
test_values(void **state)
{
    gb_config config;
    gb_error err;

    (void)state;
    test_ok(load_with("n_inner", "100", "layer_norm_epsilon", "0.25", &config,
                      &err), &err);
    assert_int_equal(config.n_inner, 100);
    assert_true(config.ln_eps == 0.25f);
    test_ok(load_with(NULL, NULL, NULL, NULL, &config, &err), &err);
    assert_int_equal(config.n_inner, 96);
    assert_int_equal(config.head_size, 8);
    assert_int_equal(config.ends.n, 0);
    assert_true(config.start_id == GB_NO_TOKEN);
    assert_true(config.ln_eps == 1e-5f);
    test_ok(load_with("n_layer", NULL, "num_hidden_layers", "5", &config,
                      &err), &err);
    assert_int_equal(config.n_layer, 5);
    test_ok(load_with("n_positions", "50", "n_ctx", "90", &config, &err),
            &err);
    assert_int_equal(config.n_ctx, 50);
    test_ok(load_with("eos_token_id", "[7]", "tie_word_embeddings", "false",
                      &config, &err), &err);
    assert_int_equal(config.ends.n, 1);
    assert_int_equal(config.ends.ids[0], 7);
    assert_int_equal(config.start_id, 7);
    assert_false(config.tied);
}

/* As Transformers 5 has it (from_pretrained, then generation_config): where
 * there is a generation_config.json, config.json says nothing of it. */
static void
test_ends(void **state)
{
    static const struct {
        const char *config, *generation;
        uint32_t n, ids[2];
    } cases[] = {
        {NULL, NULL, 0, {0}},
        {NULL, "{}", 0, {0}},
        {NULL, "{\"eos_token_id\": 5}", 1, {5}},
        {"null", NULL, 0, {0}},
        {"null", "{\"eos_token_id\": [5, 6]}", 2, {5, 6}},
        {"3", NULL, 1, {3}},
        {"3", "{}", 0, {0}},
        {"3", "{\"eos_token_id\": null}", 0, {0}},
        {"3", "{\"eos_token_id\": 5}", 1, {5}},
        {"[3, 4]", NULL, 2, {3, 4}},
        {"[3, 4]", "{\"eos_token_id\": [300, 6]}", 1, {6}},
    };
    char *path = gb_path_join(test_folder(), "generation_config.json");
    gb_config config;
    gb_error err;
    size_t i;
    uint32_t k;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        unlink(path);
        if (cases[i].generation != NULL)
            test_write("generation_config.json", cases[i].generation,
                       strlen(cases[i].generation));
        test_ok(load_with("eos_token_id", cases[i].config, NULL, NULL,
                          &config, &err), &err);
        assert_int_equal(config.ends.n, cases[i].n);
        for (k = 0; k < cases[i].n; k++) {
            assert_int_equal(config.ends.ids[k], cases[i].ids[k]);
            assert_true(gb_ends_has(&config.ends, cases[i].ids[k]));
        }
        assert_false(gb_ends_has(&config.ends, 299));
    }
    test_write("generation_config.json", "{\"eos_token_id\": true}", 22);
    assert_false(load_with(NULL, NULL, NULL, NULL, &config, &err));
    test_fails_with(&err, GB_FAILED, "/generation_config.json: eos_token_id",
                    NULL);
    unlink(path);
    free(path);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *name, *value, *expected, *found;
    } cases[] = {
        {"model_type", "\"llama\"", "\"gpt2\"", "\"llama\""},
        {"model_type", "\"gpt2\\u0007\"", "\"gpt2\"", "\"gpt2^G\""},
        {"model_type", "3", "\"gpt2\"", "3"},
        {"model_type", NULL, "\"gpt2\"", "nothing"},
        {"activation_function", "\"gelu_10\"", "\"gelu_new\", \"gelu\"",
         "\"gelu_10\""},
        {"activation_function", "1", "\"gelu_new\"", "1"},
        {"n_layer", "0", "from 1 to 1024", "0"},
        {"n_layer", "-1", "from 1 to 1024", "-1"},
        {"n_layer", "1025", "from 1 to 1024", "1025"},
        {"n_layer", "2.0", "an integer", "2"},
        {"n_layer", "\"2\"", "an integer", "\"2\""},
        {"n_layer", "null", "an integer", "null"},
        {"n_layer", NULL, "an integer", "nothing"},
        {"n_head", "0", "from 1", "0"},
        {"n_head", "5", "a divisor of n_embd (24)", "5"},
        {"n_head", "48", "a divisor of n_embd (24)", "48"},
        {"n_head", "-3", "from 1", "-3"},
        {"n_embd", "0", "from 1 to 65536", "0"},
        {"n_embd", "4294967320", "from 1 to 65536", "4294967320"},
        {"n_embd", NULL, "an integer", "nothing"},
        {"n_positions", "0", "from 1", "0"},
        {"n_positions", "1000000000000", "from 1 to 1048576", "1000000000000"},
        {"vocab_size", "0", "from 1", "0"},
        {"vocab_size", "-50257", "from 1", "-50257"},
        {"vocab_size", "9223372036854775807", "from 1",
         "9223372036854775807"},
        {"n_inner", "0", "from 1", "0"},
        {"n_inner", "-5", "from 1", "-5"},
        {"n_inner", "true", "an integer", "true"},
        {"eos_token_id", "-1", "an id or a list of ids", "-1"},
        {"eos_token_id", "[1, -2]", "an id or a list of ids", "-2"},
        {"eos_token_id", "[[1]]", "an id or a list of ids", "a list"},
        {"eos_token_id", "\"</s>\"", "an id or a list", "\"</s>\""},
        {"layer_norm_epsilon", "0", "from 1e-30 to 1", "0"},
        {"layer_norm_epsilon", "-1e-5", "from 1e-30 to 1", "-1e-05"},
        {"layer_norm_epsilon", "1e300", "from 1e-30 to 1", "1e+300"},
        {"layer_norm_epsilon", "1e-46", "from 1e-30 to 1", "1e-46"},
        {"layer_norm_epsilon", "\"1e-5\"", "a number", "\"1e-5\""},
        {"is_encoder_decoder", "true", "false", "true"},
        {"add_cross_attention", "1", "true or false", "1"},
        {"tie_word_embeddings", "\"yes\"", "true or false", "\"yes\""},
        {"pruned_heads", "{\"0\": [1]}", "no pruned heads", "an object"},
        {"quantization_config", "{}", "quantized for another program", "an object"},
        {"num_hidden_layers", "3", "3 as in num_hidden_layers", "2"},
        {"hidden_size", "-24", "from 1", "-24"},
        {"max_position_embeddings", "0", "from 1", "0"},
    };
    char found[80];
    gb_config config;
    gb_error err;
    size_t i;

    (void)state;
    for (i = 0; i < GB_COUNT(cases); i++) {
        if (load_with(cases[i].name, cases[i].value, NULL, NULL, &config,
                      &err))
            fail_msg("%s %s was accepted", cases[i].name, cases[i].value);
        snprintf(found, sizeof found, ", found %s", cases[i].found);
        test_fails_with(&err, GB_FAILED, "/config.json: ",
                        strcmp(cases[i].name, "num_hidden_layers") == 0
                            ? "n_layer: expected "
                            : cases[i].name,
                        cases[i].expected, found, NULL);
    }
}

static void
test_files(void **state)
{
    gb_config config;
    gb_error err;
    gb_str text = GB_STR_INIT;

    (void)state;
    assert_false(load_text("", &config, &err));
    test_fails_with(&err, GB_FAILED, "config.json:1:", "not valid JSON", NULL);
    assert_false(load_text("{\n  \"n_layer\": 12,\n  oops", &config, &err));
    test_fails_with(&err, GB_FAILED, "config.json:3:", "oops", NULL);
    assert_false(load_text("{\"n_head\": 1, \"n_head\": 2}", &config, &err));
    test_fails_with(&err, GB_FAILED, "duplicate", NULL);
    assert_false(load_text("[]", &config, &err));
    test_fails_with(&err, GB_FAILED, "object, found a list", NULL);
    while (text.len < 2u << 20)
        gb_str_puts(&text, "                ");
    assert_false(load(text.data, text.len, &config, &err));
    test_fails_with(&err, GB_FAILED, "more than 1048576 bytes", NULL);
    assert_false(gb_config_load("/nowhere", &config, &err));
    test_fails_with(&err, GB_FAILED, "/nowhere/config.json", "No such", NULL);
    gb_str_free(&text);
}

/* Ten thousand damaged files: each is read or refused with a sentence. */
static void
test_mutated(void **state)
{
    char text[1024];
    gb_config config;
    gb_error err;
    test_random random = {1};
    size_t i, n;

    (void)state;
    for (i = 0; i < 10000; i++) {
        n = strlen(published[i % GB_COUNT(published)].text);
        memcpy(text, published[i % GB_COUNT(published)].text, n);
        n = test_mutate(&random, text, n);
        if (load(text, n, &config, &err)) {
            assert_in_range(config.n_head, 1, config.n_embd);
            assert_int_equal(config.head_size * config.n_head, config.n_embd);
            if (config.ends.n > 0)
                assert_in_range(config.ends.ids[0], 0, config.n_vocab - 1);
        } else {
            assert_string_not_equal(err.text, "");
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_accepted),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_mutated),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
