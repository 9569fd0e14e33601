#!/bin/sh
# Builds the one binary: sh tools/build.sh [FILE]. Static on Linux, and the same bytes from every folder: no path of this
# machine and no time is in it. VERSION overrides what git says, for sources without their history.
set -eu
out=${1:-bin/fairlead}
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo development)}
flags="-s -w -X main.version=$version"
if [ "$(go env GOOS)" = linux ]; then flags="$flags -extldflags -static"; fi
# netgo and osusergo: a static binary cannot load the C library's resolvers. Nobody loads extensions into the database, and
# the gallery is for whoever changes Fairlead.
CGO_ENABLED=1 go build -buildvcs=false -trimpath -tags "netgo osusergo sqlite_omit_load_extension release" -ldflags "$flags" -o "$out" ./cmd/fairlead
