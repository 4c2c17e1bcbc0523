EXTRA_DIST += models/adopt
storiesdir = $(pkgdatadir)/models/stories
dist_stories_DATA = \
	models/stories/README.md \
	models/stories/config.json \
	models/stories/merges.txt \
	models/stories/model.safetensors \
	models/stories/vocab.json
