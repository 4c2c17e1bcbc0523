EXTRA_DIST += doc/building.md
EXTRA_DIST += doc/sampling.md
EXTRA_DIST += doc/engine.md
dist_man_MANS += doc/gumbel.1
EXTRA_DIST += doc/session-format.md
EXTRA_DIST += doc/interface.svg
EXTRA_DIST += doc/search.svg
EXTRA_DIST += doc/pictures.tui
