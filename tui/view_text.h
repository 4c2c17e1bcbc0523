/* The paragraphs behind a view: text, kinds, and the lines at one width. */
#ifndef GB_TUI_VIEW_TEXT_H
#define GB_TUI_VIEW_TEXT_H

#include "base/str.h"
#include "tui/view.h"

/* From `offset` on the text is of this kind. */
typedef struct gb_text_run {
    size_t offset;
    gb_text_kind kind;
} gb_text_run;

typedef struct gb_paragraph {
    gb_str text; /* without its line end */
    gb_text_run *runs;
    size_t n_runs;
    size_t before;  /* bytes of all text above it, line ends counted */
    bool block;     /* not part of that: nothing else stands here */
    unsigned width; /* for which the lines are known; 0: not laid out */
    size_t *starts; /* (n_lines - 1): where lines after the first begin */
    size_t n_lines, lines_capacity;
    size_t laid_out; /* bytes of the text that the lines cover */
} gb_paragraph;

typedef struct gb_paragraphs {
    gb_paragraph *data;
    size_t len, capacity;
    bool ascii;
    size_t layouts; /* how often a paragraph was laid out from its start */
} gb_paragraphs;

void gb_paragraphs_init(gb_paragraphs *ps, bool ascii);
void gb_paragraphs_free(gb_paragraphs *ps);
void gb_paragraphs_append(gb_paragraphs *ps, gb_text_kind kind,
                          const char *text, size_t n);
void gb_paragraphs_truncate(gb_paragraphs *ps, gb_view_pos pos);

/* Lines of paragraph i at this width, at least 1. */
size_t gb_paragraph_lines(gb_paragraphs *ps, size_t i, unsigned width);
/* Where line `line` begins; it must be laid out. */
size_t gb_paragraph_start(const gb_paragraph *p, size_t line);
/* The line that holds offset; it must be laid out. */
size_t gb_paragraph_line_at(const gb_paragraph *p, size_t offset);
/* The kind of the text at offset. */
gb_text_kind gb_paragraph_kind(const gb_paragraph *p, size_t offset);

#endif
