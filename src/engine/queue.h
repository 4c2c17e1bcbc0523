/* Commands to a device, and whether they were carried out.
 *
 * What a call returns says little of that: where a device is lost (another
 * machine's, say), a driver may take every command and answer every wait with
 * success. Only a command's event tells. So the events of all commands are
 * kept until the host next waits, and looked at then: no result counts before
 * all that led to it has been done. */
#ifndef GB_ENGINE_QUEUE_H
#define GB_ENGINE_QUEUE_H

#include "engine/compute.h"

/* Where the event of the next command belongs, and what must follow the call
 * that enqueues it. */
cl_event *gb_event(gb_compute *c);
bool gb_enqueued(gb_compute *c, cl_int code, const char *doing,
                 gb_error *err);

/* Waits for all commands. */
bool gb_compute_finish(gb_compute *c, gb_error *err);
/* The same, where there may be any that nobody has waited for: what was sent
 * may be changed then. */
bool gb_queue_rest(gb_compute *c, gb_error *err);

/* These wait as well. */
bool gb_read_buffer(gb_compute *c, cl_mem m, void *out, size_t size,
                    gb_error *err);
bool gb_write_buffer(gb_compute *c, cl_mem m, const void *data, size_t size,
                     gb_error *err);
/* Memory to fill for the whole buffer, what that held being lost: its own where
 * the device shares the program's memory, else other memory which is written
 * to it when all is there. (Where memory is not shared, a map may fetch the
 * buffer first; from another machine that takes many times as long.) Followed
 * by gb_unmap_buffer. NULL on failure. */
void *gb_map_buffer(gb_compute *c, cl_mem m, size_t size, gb_error *err);
bool gb_unmap_buffer(gb_compute *c, cl_mem m, void *p, size_t size,
                     gb_error *err);

/* These do not. */
/* `data` must stay until the host next waits. */
bool gb_send_buffer(gb_compute *c, cl_mem m, const void *data, size_t size,
                    gb_error *err);
/* `out` must stay until the host next waits, and is filled then. */
bool gb_fetch_part(gb_compute *c, cl_mem m, size_t offset, void *out,
                   size_t size, gb_error *err);
/* Fills `size` bytes with copies of a pattern, whose size is a power of two
 * up to 128. */
bool gb_fill_buffer(gb_compute *c, cl_mem m, const void *pattern,
                    size_t pattern_size, size_t size, gb_error *err);

/* Copies `size` bytes from an offset in one buffer to one in another, or in
 * another part of the same. */
bool gb_copy_buffer(gb_compute *c, cl_mem from, size_t offset, cl_mem to,
                    size_t to_offset, size_t size, gb_error *err);

/* From here on c->profile counts what commands take, which costs some time. */
bool gb_queue_profile(gb_compute *c, gb_error *err);

/* Waits and forgets, before the queue is released. */
void gb_queue_close(gb_compute *c);

#endif
