/* The config file: lines "name = value", named as the options are. */
#ifndef GB_CMD_CONFIG_FILE_H
#define GB_CMD_CONFIG_FILE_H

#include "cmd/options.h"

/* $XDG_CONFIG_HOME/gumbel/config, or NULL when there is no such place. The
 * caller frees. */
char *gb_config_file_path(void);

/* Sets what the file says. Appends to complaints one line for each line that
 * it could not use ("PATH:3: ..."); the rest is used. A file that is not
 * there says nothing. */
void gb_config_file_read(const char *path, gb_options *o, gb_str *complaints);

#endif
