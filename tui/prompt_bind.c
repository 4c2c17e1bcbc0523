#include "tui/prompt_bind.h"

#include <stdio.h>

#include <readline/readline.h>

/* readline's functions take no argument of ours. */
static gb_prompt_edit *edit;
static void *edit_arg;

static int
insert_newline(int count, int key)
{
    (void)count, (void)key;
    return rl_insert_text("\n");
}

static int
send_line(int count, int key)
{
    if (gb_prompt_is_open_block(rl_line_buffer, (size_t)rl_end))
        return insert_newline(count, key);
    return rl_newline(count, key);
}

static int
edit_line(int count, int key)
{
    gb_str out = GB_STR_INIT;

    (void)count, (void)key;
    if (edit != NULL && edit(edit_arg, rl_line_buffer, &out)) {
        rl_begin_undo_group();
        rl_delete_text(0, rl_end);
        rl_point = 0;
        rl_insert_text(gb_str_cstr(&out));
        rl_end_undo_group();
    }
    gb_str_free(&out);
    return 0;
}

/* Up and down move between the lines of a text before they leave it for the
 * history. */
static int
line_up(int count, int key)
{
    int start = rl_point, column;

    while (start > 0 && rl_line_buffer[start - 1] != '\n')
        start--;
    if (start == 0)
        return rl_get_previous_history(count, key);
    column = rl_point - start;
    rl_point = --start;
    while (start > 0 && rl_line_buffer[start - 1] != '\n')
        start--;
    if (start + column < rl_point)
        rl_point = start + column;
    while (rl_point > start && (rl_line_buffer[rl_point] & 0xc0) == 0x80)
        rl_point--;
    return 0;
}

static int
line_down(int count, int key)
{
    int start = rl_point, column, end = rl_point;

    while (start > 0 && rl_line_buffer[start - 1] != '\n')
        start--;
    while (end < rl_end && rl_line_buffer[end] != '\n')
        end++;
    if (end == rl_end)
        return rl_get_next_history(count, key);
    column = rl_point - start;
    start = ++end;
    while (end < rl_end && rl_line_buffer[end] != '\n')
        end++;
    rl_point = start + column < end ? start + column : end;
    while (rl_point > start && (rl_line_buffer[rl_point] & 0xc0) == 0x80)
        rl_point--;
    return 0;
}

static void
bind_in(Keymap map, const char *keys, rl_command_func_t *function)
{
    rl_bind_keyseq_in_map(keys, function, map);
}

/* Binds keys unless the user's inputrc gave them another meaning. */
static void
bind_unless_changed(Keymap map, const char *keys, rl_command_func_t *was,
                    rl_command_func_t *function)
{
    char translated[16];
    int n, type;
    rl_command_func_t *now;

    if (rl_translate_keyseq(keys, translated, &n) != 0)
        return;
    now = rl_function_of_keyseq_len(translated, (size_t)n, map, &type);
    if (now == was || now == NULL)
        bind_in(map, keys, function);
}

/* Bytes above 127 are text, whatever locale and inputrc have made of them: in
 * the C locale readline takes them for Meta and a letter, which is a command.
 * (In vi's command mode they mean nothing.) */
static void
keep_bytes(void)
{
    Keymap emacs = rl_get_keymap_by_name("emacs");
    Keymap insert = rl_get_keymap_by_name("vi-insert");
    Keymap move = rl_get_keymap_by_name("vi-move");
    int byte;

    rl_variable_bind("convert-meta", "off");
    rl_variable_bind("input-meta", "on");
    rl_variable_bind("output-meta", "on");
    for (byte = 0x80; byte <= 0xff; byte++) {
        rl_bind_key_in_map(byte, rl_insert, emacs);
        rl_bind_key_in_map(byte, rl_insert, insert);
        rl_unbind_key_in_map(byte, move);
    }
}

static int read_inputrc(int count, int key);

static void
bind_all(void)
{
    Keymap maps[3];
    size_t i;

    maps[0] = rl_get_keymap_by_name("emacs");
    maps[1] = rl_get_keymap_by_name("vi-insert");
    maps[2] = rl_get_keymap_by_name("vi-move");
    for (i = 0; i < 3; i++) {
        bind_in(maps[i], "\\C-m", send_line);
        bind_in(maps[i], "\\C-j", send_line);
        bind_in(maps[i], "\\C-x\\C-e", edit_line);
        bind_unless_changed(maps[i], "\\e[A", rl_get_previous_history,
                            line_up);
        bind_unless_changed(maps[i], "\\eOA", rl_get_previous_history,
                            line_up);
        bind_unless_changed(maps[i], "\\e[B", rl_get_next_history, line_down);
        bind_unless_changed(maps[i], "\\eOB", rl_get_next_history, line_down);
        bind_unless_changed(maps[i], "\\C-x\\C-r", rl_re_read_init_file,
                            read_inputrc);
    }
    /* In vi mode ESC is a key of its own; the caller sends this for it. */
    bind_in(maps[0], "\\e\\C-m", insert_newline);
    bind_in(maps[1], "\\C-x\\C-m", insert_newline);
    bind_in(maps[2], "v", edit_line);
    keep_bytes();
}

static int
read_inputrc(int count, int key)
{
    int status = rl_re_read_init_file(count, key);

    bind_all();
    return status;
}

void
gb_prompt_bind(gb_prompt_edit *function, void *arg)
{
    edit = function;
    edit_arg = arg;
    rl_add_defun("gumbel-newline", insert_newline, -1);
    rl_add_defun("gumbel-send", send_line, -1);
    rl_add_defun("gumbel-edit", edit_line, -1);
    bind_all();
}
