#!/bin/sh
# The browser tests need Chromium. Where it is missing, Debian's package is installed if this may be done without asking
# (as root, or in CI with sudo); elsewhere the line to run is said, and the tests fail rather than be skipped.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
install="apt-get update && apt-get install -y --no-install-recommends chromium fonts-liberation"
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        sh -c "$install" >/tmp/fairlead-chromium.log 2>&1 && exit 0
        tail -n 5 /tmp/fairlead-chromium.log >&2
    elif [ -n "${CI:-}" ] && command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo sh -c "$install" >/tmp/fairlead-chromium.log 2>&1 && exit 0
        tail -n 5 /tmp/fairlead-chromium.log >&2
    fi
fi
echo "The browser tests need Chromium. On Debian or Ubuntu run: sudo sh -c '$install'" >&2
exit 1
