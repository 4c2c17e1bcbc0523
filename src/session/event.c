#include "session/event.h"

#include <string.h>

#include "base/mem.h"

static const char *const modes[] = {
    [GB_MODE_CONTINUE] = "continue",
    [GB_MODE_CHAT] = "chat",
};

static const char *const reasons[] = {
    [GB_REASON_NONE] = "none",   [GB_REASON_LENGTH] = "length",
    [GB_REASON_EOS] = "eos",     [GB_REASON_STOP] = "stop",
    [GB_REASON_INTERRUPT] = "interrupt", [GB_REASON_ERROR] = "error",
};

static const char *const hows[] = {
    [GB_HOW_SEND] = "send",
    [GB_HOW_CONTINUE] = "continue",
    [GB_HOW_RETRY] = "retry",
    [GB_HOW_RESEED] = "reseed",
};

static const char *const types[] = {
    [GB_EVENT_PROMPT] = "prompt",   [GB_EVENT_EDIT] = "edit",
    [GB_EVENT_IMPORT] = "import",   [GB_EVENT_RUN] = "run",
    [GB_EVENT_TOKEN] = "token",     [GB_EVENT_CUT] = "cut",
    [GB_EVENT_STOP] = "stop",       [GB_EVENT_SET] = "set",
    [GB_EVENT_MODE] = "mode",       [GB_EVENT_EVICT] = "evict",
    [GB_EVENT_PREFILL] = "prefill", [GB_EVENT_MARK] = "mark",
    [GB_EVENT_UNDO] = "undo",       [GB_EVENT_REDO] = "redo",
    [GB_EVENT_CLEAR] = "clear",     [GB_EVENT_ENGINE] = "engine",
};

/* The index of text among n names; n when it is none of them. */
static size_t
find(const char *const *names, size_t n, const char *text)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (strcmp(names[i], text) == 0)
            break;
    return i;
}

const char *
gb_mode_name(gb_mode mode)
{
    return modes[mode];
}

const char *
gb_reason_name(gb_reason reason)
{
    return reasons[reason];
}

const char *
gb_how_name(gb_how how)
{
    return hows[how];
}

const char *
gb_event_name(gb_event_type type)
{
    return types[type];
}

bool
gb_mode_parse(const char *text, gb_mode *mode)
{
    size_t i = find(modes, GB_COUNT(modes), text);

    if (i == GB_COUNT(modes))
        return false;
    *mode = (gb_mode)i;
    return true;
}

bool
gb_mode_change(const char *text, gb_mode *mode)
{
    if (strcmp(text, "toggle") != 0)
        return gb_mode_parse(text, mode);
    *mode = *mode == GB_MODE_CHAT ? GB_MODE_CONTINUE : GB_MODE_CHAT;
    return true;
}

bool
gb_reason_parse(const char *text, gb_reason *reason)
{
    size_t i = find(reasons, GB_COUNT(reasons), text);

    if (i == GB_COUNT(reasons))
        return false;
    *reason = (gb_reason)i;
    return true;
}

bool
gb_how_parse(const char *text, gb_how *how)
{
    size_t i = find(hows, GB_COUNT(hows), text);

    if (i == GB_COUNT(hows))
        return false;
    *how = (gb_how)i;
    return true;
}

bool
gb_event_parse(const char *text, gb_event_type *type)
{
    size_t i = find(types, GB_COUNT(types), text);

    if (i == GB_COUNT(types))
        return false;
    *type = (gb_event_type)i;
    return true;
}
