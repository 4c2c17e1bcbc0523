/* What fits into a device's memory: as which type the weights, and how large a
 * cache. */
#ifndef GB_ENGINE_ROOM_H
#define GB_ENGINE_ROOM_H

#include "engine/engine.h"
#include "engine/weights.h"

typedef struct gb_room {
    gb_weights_plan plan;
    const char *why;   /* "", or why the weights are of this type */
    unsigned n_blocks; /* of the cache */
} gb_room;

/* Device, shape and cache of c are enough. It is an error where there is no
 * room for the weights and a cache of the size that is asked for, or of one
 * context. */
bool gb_room_find(const gb_compute *c, const gb_model *model,
                  const gb_engine_options *options, gb_room *room,
                  gb_error *err);

/* Bytes that it takes at the least, whether they are there or not. */
uint64_t gb_room_need(const gb_compute *c, const gb_model *m,
                      const gb_engine_options *o);

#endif
