#!/bin/sh
# Runs every fuzz target of the tree for FUZZ_TIME (30 s), one after the other: Go fuzzes one target at a time.
set -eu
time=${FUZZ_TIME:-30s}
grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do
    for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$file"); do
        echo "== $target in $(dirname "$file")"
        go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$(dirname "$file")" </dev/null
    done
done
