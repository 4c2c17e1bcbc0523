/* The entries of the table of commands, one per file. */
#ifndef GB_CMD_COMMANDS_H
#define GB_CMD_COMMANDS_H

#include "cmd/cmd.h"

extern const gb_command gb_cmd_bench;
extern const gb_command gb_cmd_completion;
extern const gb_command gb_cmd_convert;
extern const gb_command gb_cmd_devices;
extern const gb_command gb_cmd_generate;
extern const gb_command gb_cmd_info;
extern const gb_command gb_cmd_logprobs;
extern const gb_command gb_cmd_models;
extern const gb_command gb_cmd_pull;
extern const gb_command gb_cmd_replay;
extern const gb_command gb_cmd_score;
extern const gb_command gb_cmd_sessions;
extern const gb_command gb_cmd_spectrum;
extern const gb_command gb_cmd_sweep;
extern const gb_command gb_cmd_tokenize;

#endif
