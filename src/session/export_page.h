/* export.html, as text: the page that gb_export_html fills in, where comments
 * that begin with "gumbel:" stand. */
#ifndef GB_SESSION_EXPORT_PAGE_H
#define GB_SESSION_EXPORT_PAGE_H

extern const char gb_export_page[];

#endif
