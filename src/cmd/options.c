#include "cmd/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "session/draft.h"
#include "session/pace.h"
#include "session/several.h"

#define FOR_GENERATING (GB_FOR_GENERATE | GB_FOR_SPECTRUM | GB_FOR_SWEEP)
#define FOR_ENGINE \
    (FOR_GENERATING | GB_FOR_LOGPROBS | GB_FOR_SCORE | GB_FOR_BENCH | \
     GB_FOR_REPLAY | GB_FOR_TUI)
#define FOR_MODEL (FOR_ENGINE | GB_FOR_TOKENIZE)
#define FOR_TEXT \
    (FOR_GENERATING | GB_FOR_LOGPROBS | GB_FOR_SCORE | GB_FOR_TOKENIZE)
#define FOR_TUI GB_FOR_TUI
#define FOR_WRITING (FOR_GENERATING | GB_FOR_TUI)
#define FOR_HEAD (FOR_WRITING | GB_FOR_LOGPROBS)

static bool
set_string(gb_options *o, const gb_option *self, const char *value,
           gb_error *err)
{
    char **field = (char **)(void *)((char *)o + self->field);

    if (value[0] == '\0')
        return gb_fail_usage(err, "%s: expected %s, found an empty text",
                             self->name, self->arg);
    free(*field);
    *field = gb_strdup(value);
    return true;
}

static bool
set_switch(gb_options *o, const gb_option *self, const char *value,
           gb_error *err)
{
    bool *field = (bool *)(void *)((char *)o + self->field);
    char shown[GB_JSON_SHOWN];

    return gb_parse_switch(value, field) ||
           gb_fail_usage(err, "%s: expected on or off, found %s", self->name,
                         gb_json_quote(value, shown));
}

static bool
set_setting(gb_options *o, const gb_option *self, const char *value,
            gb_error *err)
{
    return gb_settings_set(&o->settings, self->name, value, err);
}

/* Finds value in a list of words separated by spaces; -1 when it is none. */
static int
word_index(const char *words, const char *value)
{
    size_t length, n = strlen(value);
    int i;

    for (i = 0; *words != '\0'; i++) {
        length = strcspn(words, " ");
        if (length == n && memcmp(words, value, n) == 0)
            return i;
        words += length;
        words += strspn(words, " ");
    }
    return -1;
}

static bool
refuse_word(const gb_option *self, const char *value, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    return gb_fail_usage(err, "%s: expected one of %s, found %s", self->name,
                         self->words, gb_json_quote(value, shown));
}

static bool
set_dtype(gb_options *o, const gb_option *self, const char *value,
          gb_error *err)
{
    if (!gb_dtype_choice_parse(value, &o->dtype))
        return refuse_word(self, value, err);
    if (o->n_dtypes == GB_COUNT(o->dtypes))
        return gb_fail_usage(err, "%s: given more than %zu times", self->name,
                             GB_COUNT(o->dtypes));
    o->dtypes[o->n_dtypes++] = o->dtype;
    return true;
}

static bool
set_mode(gb_options *o, const gb_option *self, const char *value,
         gb_error *err)
{
    return gb_mode_parse(value, &o->mode) || refuse_word(self, value, err);
}

/* An enum, or a number, that counts the words. */
static bool
set_choice(gb_options *o, const gb_option *self, const char *value,
           gb_error *err)
{
    unsigned *field = (unsigned *)(void *)((char *)o + self->field);
    int i = word_index(self->words, value);

    if (i < 0)
        return refuse_word(self, value, err);
    *field = (unsigned)i;
    return true;
}

static bool
set_temperature(gb_options *o, const gb_option *self, const char *value,
                gb_error *err)
{
    double *field = (double *)(void *)((char *)o + self->field);
    char shown[GB_JSON_SHOWN];

    if (gb_parse_double(value, field) && *field >= GB_TEMPERATURE_MIN &&
        *field <= GB_TEMPERATURE_MAX)
        return true;
    return gb_fail_usage(err, "%s: expected a temperature from %g to %g, "
                         "found %s", self->name, GB_TEMPERATURE_MIN,
                         GB_TEMPERATURE_MAX, gb_json_quote(value, shown));
}

static bool
set_count(gb_options *o, const gb_option *self, const char *value,
          gb_error *err)
{
    uint64_t *field = (uint64_t *)(void *)((char *)o + self->field);
    char shown[GB_JSON_SHOWN];

    if (gb_parse_u64(value, field) && *field > 0)
        return true;
    return gb_fail_usage(err, "%s: expected a whole number from 1 on, found "
                         "%s", self->name, gb_json_quote(value, shown));
}

static bool
set_mib(gb_options *o, const gb_option *self, const char *value, gb_error *err)
{
    uint64_t *field = (uint64_t *)(void *)((char *)o + self->field);

    if (!set_count(o, self, value, err))
        return false;
    *field = *field < UINT64_MAX >> 20 ? *field << 20 : UINT64_MAX;
    return true;
}

static bool
set_from_one(uint64_t *field, unsigned most, const gb_option *self,
             const char *value, gb_error *err)
{
    char shown[GB_JSON_SHOWN];

    if (gb_parse_u64(value, field) && *field >= 1 && *field <= most)
        return true;
    return gb_fail_usage(err, "%s: expected a whole number from 1 to %u, found "
                         "%s", self->name, most, gb_json_quote(value, shown));
}

static bool
set_rounds(gb_options *o, const gb_option *self, const char *value,
           gb_error *err)
{
    return set_from_one(&o->rounds, 1000, self, value, err);
}

static bool
set_pace(gb_options *o, const gb_option *self, const char *value,
         gb_error *err)
{
    (void)self;
    o->paced = true;
    o->as_recorded = strcmp(value, "recorded") == 0;
    return o->as_recorded || gb_pace_parse(value, &o->pace, err);
}

static bool
add_stop(gb_options *o, const gb_option *self, const char *value,
         gb_error *err)
{
    (void)self;
    return gb_settings_add_stop(&o->settings, value, err);
}

static bool
add_bias(gb_options *o, const gb_option *self, const char *value,
         gb_error *err)
{
    (void)self;
    return gb_settings_add_bias(&o->settings, value, err);
}

static bool
set_takes(gb_options *o, const gb_option *self, const char *value,
          gb_error *err)
{
    return set_from_one(&o->takes, GB_TAKES_MOST, self, value, err);
}

static bool
set_draft(gb_options *o, const gb_option *self, const char *value,
          gb_error *err)
{
    o->drafts = true;
    return set_string(o, self, value, err);
}

#define FIELD(name) offsetof(gb_options, name)

/* How an option sets each kind of setting; a list grows by one. */
#define set_NUMBER set_setting
#define set_NUMBER32 set_setting
#define set_SEED set_setting
#define set_SWITCH set_setting
#define set_COUNT set_setting
#define set_SIGNED set_setting
#define set_TEXT set_setting
#define set_TEXTS add_stop
#define set_LIST set_setting
#define set_BIAS add_bias

const gb_option gb_option_table[] = {
    {"model", 'm', "PATH", FOR_MODEL | GB_FOR_INFO | GB_FOR_CONVERT, false,
     "GUMBEL_MODEL",
     "Folder or GGUF file of the model, or the name of an installed one "
     "(default: the model that ships)",
     set_string, FIELD(model), NULL},
    {"device", 'd', "SPEC", FOR_ENGINE | GB_FOR_DEVICES, false,
     "GUMBEL_DEVICE",
     "OpenCL device: gpu, cpu, PLATFORM:DEVICE by index, or part of its name "
     "(default: the best GPU, else a CPU)",
     set_string, FIELD(device), NULL},
    {"dtype", 0, "TYPE", FOR_ENGINE | GB_FOR_CONVERT, false, NULL,
     "Type of the weights in device memory, or of those to write: auto, f32, "
     "f16, bf16, q8_0 or q4_0 (default: auto, the file's own where it fits)",
     set_dtype, 0, "auto f32 f16 bf16 q8_0 q4_0"},
    {"prefill", 0, "HOW", FOR_ENGINE, false, NULL,
     "Who multiplies the matrices while a prompt is read: auto, own or "
     "clblast (default: auto, the faster one)",
     set_choice, FIELD(prefill), "auto own clblast"},
    {"cache", 0, "MIB", FOR_ENGINE, false, NULL,
     "Device memory for the keys and values of what was read, in MiB, but at "
     "least one context (default: 8 contexts, or a quarter of what is left)",
     set_mib, FIELD(cache_bytes), NULL},
    {"cache-type", 0, "TYPE", FOR_ENGINE, false, NULL,
     "Type of these keys and values: f32, f16 (half the memory, other tokens) "
     "or auto (f32; replay: as recorded) (default: auto)",
     set_choice, FIELD(cache_type), "auto f32 f16"},
#define GB_SETTING(name, letter, arg, commands, kind, field, least, most,     \
                   off, expected, help)                                       \
    {name, letter, arg, FOR_##commands, false, NULL, help, set_##kind, 0,     \
     NULL},
#include "session/settings.def"
    {"mode", 0, "MODE", GB_FOR_TUI, false, NULL,
     "Begin in this mode: continue one text, or chat in turns "
     "(default: continue)",
     set_mode, 0, "continue chat"},
    {"session", 0, "FILE", GB_FOR_TUI, true, NULL,
     "Keep the session in FILE; one that is there is gone on with "
     "(default: a new file, named by date)",
     set_string, FIELD(session), NULL},
    {"no-session", 0, NULL, GB_FOR_TUI, false, NULL,
     "Keep no session file", set_switch, FIELD(no_session), NULL},
    {"load", 0, "FILE", GB_FOR_TUI, true, NULL,
     "Go on from the session in FILE, which is left as it is", set_string,
     FIELD(load), NULL},
    {"resume", 0, NULL, GB_FOR_TUI, true, NULL,
     "Go on with the newest session", set_switch, FIELD(resume), NULL},
    {"color", 0, "WHEN", GB_FOR_TUI, false, NULL,
     "Colours: auto, always or never (default: auto, unless $NO_COLOR is "
     "set)",
     set_choice, FIELD(color), "auto always never"},
    {"colour", 0, "WHAT", GB_FOR_TUI, false, NULL,
     "Colour the tokens by what is known of them (default: off)",
     set_choice, FIELD(colour),
     "off probability rank range luck entropy source"},
    {"mouse", 0, "WHEN", GB_FOR_TUI, false, NULL,
     "Take the mouse, to scroll and to read: on or off (default: on)",
     set_choice, FIELD(mouse), "on off"},
    {"specials", 0, NULL, FOR_TEXT, true, NULL,
     "Read <|endoftext|> and other special tokens in the text as these",
     set_switch, FIELD(specials), NULL},
    {"decode", 0, NULL, GB_FOR_TOKENIZE, true, NULL,
     "Turn token ids back into text", set_switch, FIELD(decode), NULL},
    {"output", 'o', "FILE", GB_FOR_LOGPROBS | GB_FOR_CONVERT, true, NULL,
     "Write to FILE; logprobs: instead of standard output", set_string,
     FIELD(output), NULL},
    {"from", 0, "T", GB_FOR_SWEEP, true, NULL,
     "The lowest temperature of the sweep (default: 0.5)", set_temperature,
     FIELD(from), NULL},
    {"to", 0, "T", GB_FOR_SWEEP, true, NULL,
     "The highest one (default: 1.2)", set_temperature, FIELD(to), NULL},
    {"shape", 0, "SHAPE", GB_FOR_BENCH, true, NULL,
     "Random weights of this shape instead of a model: gpt2, gpt2-medium, "
     "gpt2-large, gpt2-xl, or L,D,H,V,C (layers, width, heads, vocabulary, "
     "context)", set_string, FIELD(shape), NULL},
    {"profile", 0, NULL, GB_FOR_BENCH, true, NULL,
     "Tell also what each kernel takes, which makes it a little slower",
     set_switch, FIELD(profile), NULL},
    {"rounds", 0, "N", GB_FOR_BENCH, true, NULL,
     "Measure everything N times (default: 3)", set_rounds, 0, NULL},
    {"max-texts", 0, "N", GB_FOR_SWEEP, false, NULL,
     "Stop after N texts (default: 1000)", set_count, FIELD(max_texts), NULL},
    {"svg", 0, "FILE", GB_FOR_SWEEP, true, NULL,
     "Draw the map of the texts into FILE", set_string, FIELD(svg), NULL},
    {"takes", 'N', "K", GB_FOR_GENERATE | GB_FOR_BENCH, true, NULL,
     "Write K texts side by side, each with the seed of another take "
     "(default: 1)", set_takes, 0, NULL},
    {"draft", 0, "WHO", GB_FOR_GENERATE | GB_FOR_BENCH | GB_FOR_TUI, false,
     NULL,
     "Who guesses tokens ahead, which one pass checks; the text stays the "
     "same: off, lookup (what was read before), self (the model at q4_0) or a "
     "MODEL of the same vocabulary (default: " GB_DRAFT_DEFAULT ")",
     set_draft, FIELD(draft), NULL},
    {"pace", 0, "HOW", FOR_WRITING | GB_FOR_REPLAY, false, NULL,
     "Write so many tokens a second, or full: as fast as it can (default: 25 "
     "in the interface, else full; replay: full or recorded)",
     set_pace, 0, NULL},
    {"json", 0, NULL, GB_FOR_ALL & ~(GB_FOR_TUI | GB_FOR_COMPLETION), true,
     NULL, "Machine-readable output", set_switch, FIELD(json), NULL},
    {"trace", 0, NULL, GB_FOR_GENERATE, true, NULL,
     "Print the settings and every fifth step", set_switch, FIELD(trace),
     NULL},
    {"dry-run", 0, NULL, GB_FOR_PULL, true, NULL,
     "Only show what would be loaded, and whether it can be used",
     set_switch, FIELD(dry_run), NULL},
    {"help", 'h', NULL, GB_FOR_ALL, true, NULL,
     "Show this help and exit", set_switch, FIELD(help), NULL},
    {"version", 'V', NULL, GB_FOR_ALL, true, NULL,
     "Show version and licence and exit", set_switch, FIELD(version), NULL},
    {.name = NULL},
};

const gb_option *
gb_option_find(const char *name)
{
    const gb_option *p;

    for (p = gb_option_table; p->name != NULL; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

bool
gb_options_set(gb_options *o, const gb_option *option, const char *value,
               gb_error *err)
{
    return option->set(o, option, value != NULL ? value : "on", err);
}

void
gb_options_free(gb_options *o)
{
    const gb_option *p;

    for (p = gb_option_table; p->name != NULL; p++)
        if (p->set == set_string)
            free(*(char **)(void *)((char *)o + p->field));
    free(o->args);
    gb_str_free(&o->complaints);
}
