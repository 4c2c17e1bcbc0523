/* gumbel devices: what OpenCL offers, and which device is taken. */
#include <stdlib.h>

#include "cmd/commands.h"
#include "cmd/output.h"
#include "engine/device.h"
#include "engine/prefill.h"

typedef struct list {
    gb_device *devices; /* (n) */
    size_t n;
    gb_device chosen;
} list;

static bool
is_chosen(const list *l, const gb_device *d)
{
    return d->platform_index == l->chosen.platform_index &&
           d->device_index == l->chosen.device_index;
}

/* The same hardware, offered by another driver; NULL where there is none. */
static const gb_device *
twin_of(const list *l, const gb_device *d)
{
    size_t i;

    for (i = 0; i < l->n; i++)
        if (gb_device_is_twin(&l->devices[i], d))
            return &l->devices[i];
    return NULL;
}

/* Milliseconds that each took for the products of a prompt, for each type of
 * weights that was measured; or null. */
static json_t *
prefill_json(const gb_device *d)
{
    json_t *all = json_object(), *o;
    gb_prefill_times t;
    unsigned i;

    for (i = 0; i < GB_PACKINGS; i++) {
        if (!gb_prefill_known(d, i, &t))
            continue;
        o = json_object();
        json_object_set_new(o, "own_ms", json_real(t.own_ms));
        json_object_set_new(o, "clblast_ms", json_real(t.clblast_ms));
        json_object_set_new(all, gb_packings[i].name, o);
    }
    if (json_object_size(all) > 0)
        return all;
    json_decref(all);
    return json_null();
}

/* [platform, device], or null. */
static json_t *
twin_json(const list *l, const gb_device *d)
{
    const gb_device *twin = twin_of(l, d);

    return twin != NULL ? json_pack("[i, i]", (int)twin->platform_index,
                                    (int)twin->device_index)
                        : json_null();
}

static json_t *
describe_json(const list *l, const gb_device *d)
{
    json_t *o = json_object();

    json_object_set_new(o, "platform", json_integer(d->platform_index));
    json_object_set_new(o, "device", json_integer(d->device_index));
    json_object_set_new(o, "chosen", json_boolean(is_chosen(l, d)));
    json_object_set_new(o, "unusable", d->unusable[0] != '\0'
                                           ? gb_json_string(d->unusable)
                                           : json_null());
    json_object_set_new(o, "software",
                        json_boolean(gb_device_is_software(d)));
    json_object_set_new(o, "same_as", twin_json(l, d));
    json_object_set_new(o, "name", gb_json_string(d->name));
    json_object_set_new(o, "type", gb_json_string(gb_device_type_name(d)));
    json_object_set_new(o, "vendor", gb_json_string(d->vendor));
    json_object_set_new(o, "platform_name", gb_json_string(d->platform_name));
    json_object_set_new(o, "version", gb_json_string(d->version));
    json_object_set_new(o, "driver", gb_json_string(d->driver));
    json_object_set_new(o, "compute_units", json_integer(d->compute_units));
    json_object_set_new(o, "memory", json_integer((json_int_t)d->memory));
    json_object_set_new(o, "largest_buffer",
                        json_integer((json_int_t)d->max_alloc));
    json_object_set_new(o, "local_memory",
                        json_integer((json_int_t)d->local_memory));
    json_object_set_new(o, "largest_group",
                        json_integer((json_int_t)d->max_group));
    json_object_set_new(o, "fp16", json_boolean(d->has_fp16));
    json_object_set_new(o, "fp64", json_boolean(d->has_fp64));
    json_object_set_new(o, "command_buffer",
                        json_boolean(d->has_command_buffer));
    json_object_set_new(o, "prefill", prefill_json(d));
    return o;
}

static double
gigabytes(uint64_t bytes)
{
    return (double)bytes / 1e9;
}

static void
describe_prefill(gb_str *out, const gb_device *d)
{
    gb_prefill_times t;
    unsigned i, known = 0;

    gb_str_puts(out, "       prompts are read by: ");
    for (i = 0; i < GB_PACKINGS; i++)
        if (gb_prefill_known(d, i, &t))
            gb_str_printf(out, "%s%s with %s (measured: own %.1f ms, clblast "
                          "%.1f ms)", known++ > 0 ? ", " : "",
                          t.clblast_ms < t.own_ms ? "clblast" : "own",
                          gb_packings[i].name, t.own_ms, t.clblast_ms);
    if (known > 0)
        gb_str_putc(out, '\n');
    else if (gb_shape_for(d).lanes > 1)
        gb_str_puts(out, "own or clblast, measured when first used\n");
    else
        gb_str_puts(out, "own\n");
}

/* What decides whether it is taken. */
static void
describe_rank(gb_str *out, const list *l, const gb_device *d)
{
    const gb_device *twin = twin_of(l, d);

    if (d->unusable[0] != '\0')
        gb_str_printf(out, "       cannot be used: %s\n", d->unusable);
    if (gb_device_is_software(d))
        gb_str_puts(out, "       made of software: taken where there is "
                    "nothing else\n");
    if (twin != NULL)
        gb_str_printf(out, "       the same %s as %u:%u, by another driver\n",
                      gb_device_is_cpu(d) ? "processor" : "device",
                      twin->platform_index, twin->device_index);
}

static void
describe(gb_str *out, const list *l, const gb_device *d)
{
    gb_str_printf(out, "%c %u:%u  %s\n", is_chosen(l, d) ? '*' : ' ',
                  d->platform_index, d->device_index, d->name);
    gb_str_printf(out, "       %s, %u compute units, %.1f GB of memory, "
                  "largest buffer %.1f GB\n", gb_device_type_name(d),
                  (unsigned)d->compute_units, gigabytes(d->memory),
                  gigabytes(d->max_alloc));
    gb_str_printf(out, "       %s, %s, driver %s\n", d->platform_name,
                  d->version, d->driver);
    describe_rank(out, l, d);
    if (d->unusable[0] != '\0')
        return;
    gb_str_printf(out, "       half precision: %s; double precision: %s; "
                  "command buffers: %s\n", d->has_fp16 ? "yes" : "no",
                  d->has_fp64 ? "yes" : "no",
                  d->has_command_buffer ? "yes" : "no");
    describe_prefill(out, d);
}

static bool
put_text(const list *l, gb_error *err)
{
    gb_str out = GB_STR_INIT;
    size_t i;
    bool ok;

    for (i = 0; i < l->n; i++)
        describe(&out, l, &l->devices[i]);
    gb_str_puts(&out, "* is the one that is used\n");
    ok = gb_put_text(gb_str_cstr(&out), out.len, err);
    gb_str_free(&out);
    return ok;
}

static bool
put_json(const list *l, gb_error *err)
{
    json_t *all = json_array(), *o = json_object();
    size_t i;

    for (i = 0; i < l->n; i++)
        json_array_append_new(all, describe_json(l, &l->devices[i]));
    json_object_set_new(o, "devices", all);
    return gb_put_json(o, err);
}

static int
run(const gb_options *o, gb_error *err)
{
    list l = {.devices = NULL};
    bool ok;

    ok = gb_devices_list(&l.devices, &l.n, err) &&
         gb_device_choose(o->device, &l.chosen, err) &&
         (o->json ? put_json(&l, err) : put_text(&l, err));
    free(l.devices);
    return ok ? GB_OK : (int)err->status;
}

const gb_command gb_cmd_devices = {
    .name = "devices",
    .args = "",
    .summary = "List the OpenCL devices and which one is used",
    .help =
        "Each device has the number PLATFORM:DEVICE that --device takes. A "
        "star marks the one that --device, $GUMBEL_DEVICE or the default "
        "rule chooses: GPUs before accelerators before processors, and last "
        "what only imitates one of them in software; among equals the one "
        "with more compute units.",
    .example = "gumbel devices --device cpu",
    .self = GB_FOR_DEVICES,
    .max_args = 0,
    .run = run,
};
