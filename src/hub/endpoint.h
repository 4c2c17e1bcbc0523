/* Where the hub is and who asks, from the environment. */
#ifndef GB_HUB_ENDPOINT_H
#define GB_HUB_ENDPOINT_H

#include "base/error.h"

/* $HF_HUB_OFFLINE: nothing is to be asked of the hub. */
bool gb_hub_is_offline(void);

/* $HF_TOKEN, else what is in the file of $HF_TOKEN_PATH or $HF_HOME/token.
 * *token stays NULL where there is none; an error when it cannot be one. The
 * caller frees. */
bool gb_hub_token(char **token, gb_error *err);

/* Seconds to wait for a server that says nothing: $HF_HUB_DOWNLOAD_TIMEOUT. */
long gb_hub_timeout(void);

#endif
