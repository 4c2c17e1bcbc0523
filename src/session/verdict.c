/* What a replay found, for people and programs. */
#include <math.h>

#include "base/json.h"
#include "base/utf8.h"
#include "session/replay.h"

static void
put_token(const gb_tokenizer *t, gb_token id, gb_str *out)
{
    size_t n;
    const char *bytes = gb_tokenizer_bytes(t, id, &n);

    gb_str_printf(out, "%u \"", (unsigned)id);
    gb_utf8_visible(out, bytes, n, false);
    gb_str_puts(out, "\"");
}

static void
describe_divergence(const gb_replay_result *r, const gb_tokenizer *t,
                    gb_str *out)
{
    const gb_divergence *d = &r->divergence;

    gb_str_printf(out, "diverged at token %llu (step %llu of seed %llu, line "
                  "%u): recorded ", (unsigned long long)d->token + 1,
                  (unsigned long long)d->step, (unsigned long long)d->seed,
                  d->line);
    put_token(t, d->recorded, out);
    gb_str_puts(out, ", now ");
    put_token(t, d->computed, out);
    gb_str_printf(out, "; the two best scores now are %.3g apart",
                  (double)d->margin);
    if (d->runner_up != d->recorded)
        gb_str_puts(out, ", and the recorded token is neither of them");
    gb_str_printf(out, "\n%llu tokens before it were identical",
                  (unsigned long long)r->tokens);
}

void
gb_replay_describe(const gb_replay_result *r, const gb_tokenizer *t,
                   gb_str *out)
{
    if (r->identical || r->interrupted)
        gb_str_printf(out, "%s: %llu token%s identical",
                      r->identical ? "verified" : "interrupted",
                      (unsigned long long)r->tokens,
                      r->tokens == 1 ? "" : "s");
    else
        describe_divergence(r, t, out);
    if (r->logprob_difference > 0)
        gb_str_printf(out, "; log-probabilities differ by up to %.3g",
                      (double)r->logprob_difference);
    if (r->torn)
        gb_str_puts(out, "\nthe file ends within a line, which was left out");
    if (r->unknown > 0)
        gb_str_printf(out, "\n%u event%s of a later version passed over",
                      r->unknown, r->unknown == 1 ? "" : "s");
    if (r->differences.len > 0) {
        gb_str_puts(out, "\nnot the same as then: ");
        gb_utf8_visible(out, r->differences.data, r->differences.len, false);
    }
}

static json_t *
divergence_json(const gb_divergence *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "line", json_integer(d->line));
    json_object_set_new(o, "token", gb_json_u64(d->token));
    json_object_set_new(o, "step", gb_json_u64(d->step));
    json_object_set_new(o, "seed", gb_json_u64(d->seed));
    json_object_set_new(o, "recorded", json_integer(d->recorded));
    json_object_set_new(o, "computed", json_integer(d->computed));
    json_object_set_new(o, "recorded_logprob",
                        gb_json_float(d->recorded_logprob));
    json_object_set_new(o, "computed_logprob",
                        gb_json_float(d->computed_logprob));
    json_object_set_new(o, "runner_up", json_integer(d->runner_up));
    json_object_set_new(o, "margin", gb_json_float(d->margin));
    return o;
}

void
gb_replay_json(const gb_replay_result *r, gb_str *out)
{
    json_t *o = json_object();

    json_object_set_new(o, "verdict", json_string(
                            r->identical     ? "identical"
                            : r->interrupted ? "interrupted"
                                             : "diverged"));
    json_object_set_new(o, "tokens", gb_json_u64(r->tokens));
    json_object_set_new(o, "ms", json_real(floor(r->ms * 10) / 10));
    json_object_set_new(o, "logprob_difference",
                        gb_json_float(r->logprob_difference));
    json_object_set_new(o, "torn", json_boolean(r->torn));
    json_object_set_new(o, "unknown_events", json_integer(r->unknown));
    json_object_set_new(o, "differences",
                        r->differences.len > 0
                            ? gb_json_text(r->differences.data,
                                           r->differences.len)
                            : json_null());
    json_object_set_new(o, "divergence", r->identical || r->interrupted
                                             ? json_null()
                                             : divergence_json(&r->divergence));
    gb_json_dump(o, out);
}
