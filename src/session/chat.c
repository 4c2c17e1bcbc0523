#include "session/chat.h"

#include <string.h>

#define GB_BEFORE_MODEL "\n" GB_CHAT_MODEL

void
gb_chat_turn(gb_str *out, const char *text, size_t n, bool first)
{
    gb_str_puts(out, first ? GB_CHAT_USER : "\n" GB_CHAT_USER);
    gb_str_append(out, text, n);
    gb_str_puts(out, GB_BEFORE_MODEL);
}

size_t
gb_chat_tail(void)
{
    return strlen(GB_BEFORE_MODEL);
}

size_t
gb_chat_stops(gb_mode mode, const gb_settings *settings,
              const char *stops[GB_CHAT_STOPS])
{
    size_t n = gb_settings_stops(settings, stops);

    if (mode != GB_MODE_CHAT)
        return n;
    stops[n++] = "\nHuman:";
    stops[n++] = GB_BEFORE_MODEL;
    return n;
}
