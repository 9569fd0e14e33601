#!/bin/sh
# Builds the same sources in two folders, each with empty caches and a temporary folder of its own, and compares the bytes.
# It is not part of the tests: compiling SQLite and the standard library twice takes minutes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
VERSION=${VERSION:-$(git describe --tags --always --dirty)}
export VERSION
first=$work/a second=$work/second/and/deeper
mkdir -p "$first" "$second"
git ls-files --cached --others --exclude-standard | while read -r f; do if [ -f "$f" ]; then echo "$f"; fi; done >"$work/files"
tar -cf "$work/sources.tar" -T "$work/files"
for folder in "$first" "$second"; do
    tar -xf "$work/sources.tar" -C "$folder"
    mkdir "$folder/.tmp" "$folder/.cache"
    (cd "$folder" && TMPDIR="$folder/.tmp" GOCACHE="$folder/.cache" sh tools/build.sh "$folder/fairlead")
    echo "$(sha256sum <"$folder/fairlead" | cut -d' ' -f1)  $(wc -c <"$folder/fairlead") bytes"
    rm -rf "$folder/.cache"
done
cmp "$first/fairlead" "$second/fairlead"
echo "identical"
