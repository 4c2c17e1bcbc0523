/* Talking in turns: the one template, for the model, the screen and files.
 * As in the Python original's chat program. */
#ifndef GB_SESSION_CHAT_H
#define GB_SESSION_CHAT_H

#include "base/str.h"
#include "session/event.h"
#include "session/settings.h"

/* Who speaks: what stands before a turn of the user and of the model. */
#define GB_CHAT_USER "Human: "
#define GB_CHAT_MODEL "AI:"

/* Appends the user's turn as the model sees it, which ends where the model's
 * begins: "Human: text\nAI:", after a line end unless it is the first. */
void gb_chat_turn(gb_str *out, const char *text, size_t n, bool first);
/* Bytes behind the text in it. */
size_t gb_chat_tail(void);

/* What ends the model's text: the stop strings and, in chat, the next turn.
 * Returns how many; they live on. */
#define GB_CHAT_STOPS (GB_MAX_STOPS + 2)
size_t gb_chat_stops(gb_mode mode, const gb_settings *settings,
                     const char *stops[GB_CHAT_STOPS]);

#endif
