EXTRA_DIST += doc/building.md
EXTRA_DIST += doc/sampling.md
