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

/* The branch without its marks. The caller frees. */
char *test_branch(gb_session *s);
/* The last mark of the branch, "" when there is none. */
const char *test_last_mark(gb_session *s);

/* A path below test_folder() at which there is nothing; static storage for
 * the life of the program. */
const char *test_path(const char *name);

/* Replays a file; the caller frees the result. */
void test_replay(const char *path, gb_replay_result *result);
/* Fails unless every token is identical and at least `tokens` were. */
void test_verify(const char *path, uint64_t tokens);

#endif
