/* Sessions for tests: on the model that ships and the device that there is. */
#ifndef GB_TESTS_CONVERSATION_H
#define GB_TESTS_CONVERSATION_H

#include "test.h"

#include "session/replay.h"
#include "session/session.h"

/* Opened by the first call, for the life of the program; test_engine_close
 * ends it (a group teardown). */
gb_engine *test_engine(void);
gb_model *test_model(void);
int test_engine_close(void **state);
/* All that follows is with the model of another folder. */
void test_change_model(const char *folder);
/* And this with an engine of these options. */
void test_change_engine(const gb_engine_options *options);

/* A session that journals into `path` (NULL: in memory), which goes on from
 * `load` (NULL: nothing). 12 new tokens a run, end-of-text ignored. */
gb_session *test_session(const char *path, const char *load);
void test_session_close(gb_session *s);

/* Each does what its name says, and fails the test when it cannot be done. */
void test_send(gb_session *s, const char *text);
void test_begin(gb_session *s, const char *text, unsigned tokens);
void test_steps(gb_session *s, unsigned tokens);
void test_finish(gb_session *s);
void test_set(gb_session *s, const char *name, const char *value);

/* What a user can ask for without a word more. */
bool ask_continue(gb_session *s, gb_error *err);
bool ask_again(gb_session *s, gb_error *err);
bool ask_reseed(gb_session *s, gb_error *err);
bool ask_undo(gb_session *s, gb_error *err);
bool ask_redo(gb_session *s, gb_error *err);
bool ask_clear(gb_session *s, gb_error *err);
/* And with one. */
bool ask_send(gb_session *s, const char *text, size_t n, unsigned flags,
              gb_error *err);
bool ask_edit(gb_session *s, const char *text, size_t n, gb_error *err);
bool ask_note(gb_session *s, const char *text, gb_error *err);
bool ask_mode(gb_session *s, gb_mode mode, gb_error *err);
bool ask_set(gb_session *s, const char *name, const char *value,
             gb_error *err);
bool ask_verb(gb_session *s, const char *verb, const char *arg, gb_str *out,
              gb_error *err);

/* The text of the path without its notes. The caller frees. */
char *test_branch(gb_session *s);
/* The lines of its journal without their times. The caller frees. */
char *test_events(const gb_session *s);
/* The last note of the path, "" when there is none. */
const char *test_last_mark(gb_session *s);

/* A path below test_folder() at which there is nothing; static storage for
 * the life of the program. */
const char *test_path(const char *name);

/* Replays a file; the caller frees the result. */
void test_replay(const char *path, gb_replay_result *result);
/* Fails unless every token is identical and at least `tokens` were. */
void test_verify(const char *path, uint64_t tokens);

#endif
