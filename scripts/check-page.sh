#!/bin/sh
# Tests the front-end in a browser against the daemon (tests/web); skipped, with a word, where node,
# chromium or playwright-core is missing.
#
# usage: check-page.sh BIN/advectd [MODELS]
ABSENT=0 exec "$(dirname "$0")/page.sh" run "$@"
