#include "engine/room.h"

#include "engine/cache.h"
#include "engine/forward.h"
#include "engine/head.h"

/* Contexts that the cache holds where nobody asks for another size, if they
 * take no more than a quarter of what is left. */
#define CONTEXTS 8

/* Bytes that everything needs but the cache. */
static uint64_t
bytes_without(const gb_compute *c, const gb_config *g,
              const gb_weights_plan *plan)
{
    return plan->bytes + gb_forward_size(c, g, plan->packings) +
           gb_head_size(c, g);
}

static uint64_t
context_size(const gb_compute *c, const gb_config *g)
{
    return gb_cache_per_text(g) * gb_cache_block_size(c, g);
}

/* The cache that is asked for, or what it is at the least. */
static uint64_t
cache_size(const gb_compute *c, const gb_config *g, uint64_t asked)
{
    return asked > context_size(c, g) ? asked : context_size(c, g);
}

static unsigned
choose_blocks(const gb_compute *c, const gb_config *g,
              const gb_weights_plan *plan, uint64_t asked)
{
    const uint64_t left = c->device.memory - bytes_without(c, g, plan);
    const uint64_t most = CONTEXTS * context_size(c, g);
    uint64_t size = asked > 0 ? asked : left / 4 < most ? left / 4 : most;
    const uint64_t limit = gb_cache_limit(c, g), one = gb_cache_per_text(g);
    uint64_t n = cache_size(c, g, size) / gb_cache_block_size(c, g);

    n = n < limit ? n : limit;
    return (unsigned)(n > one ? n : one);
}

static bool
has_room(const gb_compute *c, const gb_config *g, const gb_weights_plan *plan)
{
    return bytes_without(c, g, plan) + context_size(c, g) <= c->device.memory &&
           plan->largest <= c->device.max_alloc;
}

/* Where float32 does not fit, float16 is the way out. A cache that somebody
 * asks for does not count: it shall change no token. */
static void
choose_plan(const gb_compute *c, const gb_model *m,
            const gb_engine_options *o, gb_room *room)
{
    const unsigned single = 1u << GB_PACK_F32;

    room->plan = gb_weights_plan_for(c, m, o->dtype);
    room->why = "";
    if (o->dtype != GB_DTYPE_AUTO)
        return;
    if ((room->plan.packings & single) != 0 &&
        !has_room(c, &m->config, &room->plan)) {
        room->why = "rounded, as the device has no room for f32";
        room->plan = gb_weights_plan_for(c, m, GB_DTYPE_F16);
    } else if (room->plan.has_f64) {
        room->why = "rounded, as no device computes in f64";
    } else if (room->plan.has_blocks) {
        room->why = "rounded to q8_0 where the file has other blocks";
    } else if (gb_weights_dtype(&room->plan) == NULL) {
        room->why = "each matrix as the file has it";
    }
}

static const char *
advice(const gb_compute *c, const gb_config *g, const gb_weights_plan *plan,
       uint64_t cache)
{
    if (cache > context_size(c, g))
        return "; try a smaller --cache";
    if ((plan->packings & 1u << GB_PACK_F32) != 0)
        return "; try --dtype f16";
    if (plan->choice != GB_DTYPE_Q4_0)
        return "; try --dtype q4_0";
    return c->cache == GB_PACK_F32 ? "; try --cache-type f16" : "";
}

bool
gb_room_find(const gb_compute *c, const gb_model *m,
             const gb_engine_options *o, gb_room *room, gb_error *err)
{
    const gb_config *g = &m->config;
    const char *dtype;
    double need;

    choose_plan(c, m, o, room);
    need = (double)bytes_without(c, g, &room->plan) +
           (double)cache_size(c, g, o->cache_bytes);
    if (need <= (double)c->device.memory) {
        room->n_blocks = choose_blocks(c, g, &room->plan, o->cache_bytes);
        return true;
    }
    dtype = gb_weights_dtype(&room->plan);
    return gb_fail(err,
                   "%s: the model needs %.1f MiB of device memory as %s, the "
                   "device has %.1f MiB%s",
                   c->device.name, need / 1048576.0,
                   dtype != NULL ? dtype : "it is",
                   (double)c->device.memory / 1048576.0,
                   advice(c, g, &room->plan, o->cache_bytes));
}

uint64_t
gb_room_need(const gb_compute *c, const gb_model *m,
             const gb_engine_options *o)
{
    const gb_config *g = &m->config;
    gb_room room;

    choose_plan(c, m, o, &room);
    return bytes_without(c, g, &room.plan) + cache_size(c, g, o->cache_bytes);
}
