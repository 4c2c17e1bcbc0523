/* Values that say what becomes of the one in force. */
#include "session/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"
#include "base/number.h"
#include "sample/rng.h"
#include "session/bias.h"

bool
gb_settings_add_bias(gb_settings *s, const char *value, gb_error *err)
{
    gb_str object = GB_STR_INIT;
    json_t *whole = json_loads(value, 0, NULL);
    bool ok = json_is_object(whole);

    json_decref(whole);
    if (ok || strcmp(value, "off") == 0)
        return gb_settings_set(s, "bias", value, err);
    ok = gb_bias_change(s->bias, value, &object, err);
    if (ok)
        s->bias = gb_intern(gb_str_cstr(&object));
    gb_str_free(&object);
    return ok;
}

bool
gb_settings_add_stop(gb_settings *s, const char *text, gb_error *err)
{
    json_t *list = s->stop[0] != '\0' ? json_loads(s->stop, 0, NULL)
                                      : json_array();
    gb_str value = GB_STR_INIT;
    bool ok = text[0] != '\0' && json_array_size(list) < GB_MAX_STOPS;

    json_array_append_new(list, gb_json_string(text));
    gb_json_dump(list, &value);
    if (ok)
        s->stop = gb_intern(gb_str_cstr(&value));
    else if (text[0] == '\0')
        gb_fail_usage(err, "stop: expected TEXT, found an empty text");
    else
        gb_fail_usage(err, "stop: more than %d stop strings", GB_MAX_STOPS);
    gb_str_free(&value);
    return ok;
}

/* From the lowest temperature, +0.1 leads to 0.1, not to 0.101. */
static double
stepped(double value, double step)
{
    if (value <= GB_TEMPERATURE_MIN * 1.001 && step > GB_TEMPERATURE_MIN)
        value = 0;
    value += step;
    if (value < GB_TEMPERATURE_MIN)
        return GB_TEMPERATURE_MIN;
    return value > GB_TEMPERATURE_MAX ? GB_TEMPERATURE_MAX : value;
}

bool
gb_settings_change(gb_settings *s, const char *name, const char *value,
                   gb_error *err)
{
    char text[32];
    double step;

    if (strcmp(name, "temperature") == 0 &&
        (value[0] == '+' || value[0] == '-') &&
        gb_parse_double(value, &step)) {
        /* Six digits: the sum of what people type, not of its floats. */
        snprintf(text, sizeof text, "%.6g",
                 stepped((double)s->temperature, step));
        value = text;
    } else if (strcmp(name, "seed") == 0 && strcmp(value, "next") == 0) {
        s->seed = gb_seed_jump(s->seed, 1);
        return true;
    } else if (strcmp(name, "greedy") == 0 && strcmp(value, "toggle") == 0) {
        s->greedy = !s->greedy;
        return true;
    } else if (strcmp(name, "bias") == 0) {
        return gb_settings_add_bias(s, value, err);
    }
    return gb_settings_set(s, name, value, err);
}
