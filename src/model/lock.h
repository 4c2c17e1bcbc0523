/* Who changes a model that is the user's own: loads it, or deletes it. */
#ifndef GB_MODEL_LOCK_H
#define GB_MODEL_LOCK_H

#include "base/error.h"

/* Nobody else changes the model of this name (gb_hub_name's local) until
 * gb_model_unlock; an error when somebody does. Returns a descriptor, or -1. */
int gb_model_lock(const char *local, gb_error *err);
void gb_model_unlock(const char *local, int lock); /* -1 is nothing */

#endif
