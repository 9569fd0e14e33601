#!/bin/sh
# Go files must be formatted.
set -eu
unformatted=$(git ls-files --cached --others --exclude-standard -- '*.go' | while read -r f; do [ -f "$f" ] && echo "$f"; done | xargs gofmt -l)
if [ -n "$unformatted" ]; then
    echo "not formatted (run gofmt -w):" >&2
    echo "$unformatted" >&2
    exit 1
fi
