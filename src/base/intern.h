/* Texts that are kept for the life of the program, one copy of each: what
 * points to one can be copied about and compared without owning it. For what
 * people type, not for what grows. */
#ifndef GB_BASE_INTERN_H
#define GB_BASE_INTERN_H

/* The kept copy; from any thread. */
const char *gb_intern(const char *text);

#endif
