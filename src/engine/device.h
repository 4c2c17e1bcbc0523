/* OpenCL devices: what there is and which one to take. */
#ifndef GB_ENGINE_DEVICE_H
#define GB_ENGINE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What OpenCL calls cl_platform_id and cl_device_id, and its numbers, without
 * its headers. */
struct _cl_platform_id;
struct _cl_device_id;

typedef struct gb_device {
    struct _cl_platform_id *platform;
    struct _cl_device_id *id;
    unsigned platform_index, device_index; /* as in PLATFORM:DEVICE */
    char platform_name[128];
    char name[128];
    char vendor[128];
    char version[128]; /* CL_DEVICE_VERSION */
    char driver[128];
    uint64_t type; /* cl_device_type */
    char unusable[64]; /* why it cannot be used; "" where it can */
    bool has_fp16, has_fp64, has_command_buffer;
    uint64_t memory, max_alloc; /* bytes */
    bool shares_memory; /* with the program: what is mapped is not copied */
    uint32_t compute_units;
    size_t max_group;           /* work-items in a group */
    uint64_t local_memory;      /* bytes */
} gb_device;

/* Lists all devices of all platforms, also those that cannot be used; the
 * caller frees *devices. An error says why there is none, and what to do. */
bool gb_devices_list(gb_device **devices, size_t *count, gb_error *err);

/* Chooses by SPEC: "gpu", "cpu", "PLATFORM:DEVICE", or part of a name;
 * NULL: $GUMBEL_DEVICE, else any. Of several that fit the best by what it is:
 * GPUs, accelerators, CPUs, and last what only plays one (below); then the
 * one with more compute units. The message of a SPEC that fits nothing lists
 * what there is. */
bool gb_device_choose(const char *spec, gb_device *device, gb_error *err);

/* Whether it draws in software, or simulates a device: far slower than the
 * processor itself. */
bool gb_device_is_software(const gb_device *d);

/* Whether it is a processor, of this machine or by PoCL of another one. */
bool gb_device_is_cpu(const gb_device *d);
/* Whether it is that of this machine, whose memory is the program's own. */
bool gb_device_is_own_cpu(const gb_device *d);

/* Whether it can be expected to take `more` bytes beside the `held` ones that
 * are this program's. One that is the processor promises memory which others
 * have. */
bool gb_device_has_room(const gb_device *d, uint64_t held, uint64_t more);

/* Whether both are one piece of hardware, offered by two drivers. */
bool gb_device_is_twin(const gb_device *a, const gb_device *b);

const char *gb_device_type_name(const gb_device *d); /* "gpu", "cpu", ... */
const char *gb_cl_error(int32_t code); /* "CL_OUT_OF_RESOURCES" */

#endif
