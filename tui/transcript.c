#include "tui/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "session/chat.h"

static void
drop_last(gb_transcript *t)
{
    gb_part *p = &t->parts[--t->n_parts];

    gb_str_free(&p->text);
    free(p->tokens);
}

static void
drop_marks(gb_transcript *t, size_t kept)
{
    while (t->n_marks > kept)
        free(t->marks[--t->n_marks].words);
}

void
gb_transcript_free(gb_transcript *t)
{
    while (t->n_parts > 0)
        drop_last(t);
    drop_marks(t, 0);
    free(t->parts);
    free(t->marks);
    t->parts = NULL;
    t->marks = NULL;
}

static gb_part *
last_part(const gb_transcript *t)
{
    return t->n_parts > 0 ? &t->parts[t->n_parts - 1] : NULL;
}

/* Whether the last token is one that only ends the text. */
static bool
is_ended(const gb_transcript *t, const gb_part *p)
{
    const gb_written *last = p->tokens + p->n_tokens - 1;

    return p->role == GB_ROLE_MODEL && p->n_tokens > 0 &&
           gb_ends_has(&t->ends, last->id) && last->source != GB_SOURCE_TYPED &&
           last->end == (p->n_tokens > 1 ? last[-1].end : 0);
}

/* Bytes of a part as the sink has it. */
static size_t
length_of(const gb_transcript *t, const gb_part *p)
{
    return p->text.len + (p->ended ? strlen(t->sink.ended) : 0);
}

static void
cut(gb_transcript *t, const gb_news *news)
{
    gb_view_pos begin = {0, 0};
    gb_part *p;

    while ((p = last_part(t)) != NULL && p->node != news->node)
        drop_last(t);
    drop_marks(t, p != NULL ? p->n_marks : 0);
    if (p == NULL) {
        t->sink.cut(t->sink.arg, begin);
        return;
    }
    if (news->first < p->n_tokens)
        p->n_tokens = news->first;
    if (news->offset < p->text.len)
        p->text.data[p->text.len = news->offset] = '\0';
    if (p->role != GB_ROLE_NOTE) {
        p->ended = is_ended(t, p);
        p->end = t->sink.advance(t->sink.arg, p->begin, length_of(t, p));
    }
    t->sink.cut(t->sink.arg, p->end);
}

static void
put(gb_transcript *t, gb_text_kind kind, const char *text)
{
    t->sink.put(t->sink.arg, kind, text, strlen(text));
}

static void
put_mark(gb_transcript *t, const char *sign, const char *words)
{
    gb_mark *m;

    t->marks = gb_realloc_array(t->marks, t->n_marks + 1, sizeof *t->marks);
    m = &t->marks[t->n_marks++];
    m->pos = t->sink.end(t->sink.arg);
    snprintf(m->sign, sizeof m->sign, "%s", sign);
    m->words = gb_strdup(words);
    if (t->sink.mark != NULL)
        t->sink.mark(t->sink.arg, words);
}

/* The first change that has a sign of its own. */
static const char *
sign_of(const gb_settings *then, const gb_settings *now, bool ascii)
{
    if (now->temperature > then->temperature)
        return ascii ? "T+" : "T▴";
    if (now->temperature < then->temperature)
        return ascii ? "T-" : "T▾";
    if (now->seed != then->seed)
        return "S";
    if (now->greedy != then->greedy)
        return "G";
    return ascii ? "+-" : "±";
}

/* What was changed before the model wrote this. */
static void
put_changes(gb_transcript *t, const gb_news *news)
{
    const gb_part *p = NULL;
    gb_str text = GB_STR_INIT;
    size_t i;

    for (i = t->n_parts; i-- > 0 && p == NULL;)
        if (gb_is_written(t->parts[i].role, t->parts[i].tokens,
                          t->parts[i].n_tokens))
            p = &t->parts[i];
    if (p != NULL)
        gb_settings_differences(&p->settings, &news->settings, &text);
    if (text.len > 0)
        put_mark(t, sign_of(&p->settings, &news->settings, t->sink.ascii),
                 gb_str_cstr(&text));
    gb_str_free(&text);
}

static gb_text_kind
kind_of(gb_role role)
{
    return role == GB_ROLE_USER ? GB_TEXT_USER : GB_TEXT_MODEL;
}

/* In chat, who speaks: the model when it was asked by "AI:", which stands
 * behind a text of the user. */
static void
put_speaker(gb_transcript *t, const gb_news *news)
{
    const gb_part *p = last_part(t);
    gb_text_kind kind = kind_of(news->role);

    while (p != NULL && p->role == GB_ROLE_NOTE)
        p = p > t->parts ? p - 1 : NULL;
    if (news->mode != GB_MODE_CHAT ||
        (news->role == GB_ROLE_MODEL &&
         (p == NULL || p->role != GB_ROLE_USER || p->mode != GB_MODE_CHAT)))
        return;
    if (!t->sink.at_line_start(t->sink.arg))
        put(t, kind, "\n");
    /* What the model writes begins with a space of its own. */
    put(t, kind, news->role == GB_ROLE_USER ? GB_CHAT_USER : GB_CHAT_MODEL);
}

static void
append_tokens(gb_part *p, const gb_news *news)
{
    if (news->n_tokens == 0)
        return;
    if (p->n_tokens + news->n_tokens > p->capacity) {
        p->capacity = 2 * p->n_tokens + news->n_tokens;
        p->tokens = gb_realloc_array(p->tokens, p->capacity,
                                     sizeof *p->tokens);
    }
    memcpy(p->tokens + p->n_tokens, news->tokens,
           news->n_tokens * sizeof *p->tokens);
    p->n_tokens += news->n_tokens;
}

static void
grow(gb_transcript *t, gb_part *p, const gb_news *news)
{
    append_tokens(p, news);
    gb_str_append(&p->text, gb_str_cstr(&news->text), news->text.len);
    t->sink.put(t->sink.arg, kind_of(p->role), gb_str_cstr(&news->text),
                news->text.len);
    p->ended = is_ended(t, p);
    if (p->ended && t->sink.ended[0] != '\0')
        put(t, GB_TEXT_END, t->sink.ended);
    p->end = t->sink.end(t->sink.arg);
}

/* What the model writes behind an end-of-text is another text. */
static void
put_break(gb_transcript *t, const gb_news *news)
{
    const gb_part *p = last_part(t);

    while (p != NULL && p > t->parts && p->role == GB_ROLE_NOTE)
        p--;
    if (p != NULL && p->ended && news->role == GB_ROLE_MODEL &&
        t->sink.ended[0] != '\0' && !t->sink.at_line_start(t->sink.arg))
        put(t, GB_TEXT_MODEL, "\n");
}

static void
add(gb_transcript *t, const gb_news *news)
{
    uint64_t number;
    gb_part *p;

    if (gb_is_written(news->role, news->tokens, news->n_tokens))
        put_changes(t, news);
    if (news->role == GB_ROLE_NOTE)
        put_mark(t, t->sink.ascii ? "*" : "✎", gb_str_cstr(&news->text));
    else
        put_speaker(t, news);
    put_break(t, news);
    number = gb_transcript_tokens(t);
    t->parts = gb_realloc_array(t->parts, t->n_parts + 1, sizeof *t->parts);
    p = &t->parts[t->n_parts++];
    *p = (gb_part){
        .node = news->node,
        .role = news->role,
        .mode = news->mode,
        .settings = news->settings,
        .number = number,
        .n_marks = t->n_marks,
    };
    p->begin = p->end = t->sink.end(t->sink.arg);
    if (news->role != GB_ROLE_NOTE)
        grow(t, p, news);
}

void
gb_transcript_take(gb_transcript *t, const gb_news *news)
{
    gb_part *p = last_part(t);

    switch (news->type) {
    case GB_NEWS_CUT:
        cut(t, news);
        break;
    case GB_NEWS_NODE:
        add(t, news);
        break;
    case GB_NEWS_GROWN:
        if (p != NULL && p->node == news->node)
            grow(t, p, news);
        break;
    default:
        break;
    }
}

/* The part that a node is, else the last of the user; n_parts: none. */
static size_t
find_part(const gb_transcript *t, uint32_t node)
{
    size_t i, said = t->n_parts;

    for (i = t->n_parts; i-- > 0;) {
        if (t->parts[i].node == node)
            return i;
        if (said == t->n_parts && t->parts[i].role == GB_ROLE_USER)
            said = i;
    }
    return said;
}

bool
gb_transcript_turn(const gb_transcript *t, uint32_t node, gb_str *out)
{
    size_t i = find_part(t, node), end = i + 1;
    const gb_part *p;

    if (i == t->n_parts)
        return false;
    if (t->parts[i].role != GB_ROLE_USER) {
        while (i > 0 && t->parts[i - 1].role != GB_ROLE_USER)
            i--;
        while (end < t->n_parts && t->parts[end].role != GB_ROLE_USER)
            end++;
    }
    for (; i < end; i++) {
        p = &t->parts[i];
        if (p->role != GB_ROLE_NOTE)
            gb_str_append(out, gb_str_cstr(&p->text), p->text.len);
    }
    return true;
}
