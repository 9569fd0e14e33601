#!/bin/sh
# Generates the templates' code into a copy of the views and compares: the committed code must be current.
set -eu
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r views "$copy/views"
rm -f "$copy"/views/*_templ.go
# -path names files in the generated code relative to itself, so generating in the copy gives the same text.
go tool -modfile=tools/go.mod templ generate -path "$copy/views" >"$copy/log" 2>&1 || { cat "$copy/log"; exit 1; }
for file in "$copy"/views/*_templ.go views/*_templ.go; do
    name=$(basename "$file")
    if ! cmp -s "$copy/views/$name" "views/$name"; then
        echo "views/$name is not the code of its template; run: go tool -modfile=tools/go.mod task generate" >&2
        exit 1
    fi
done
