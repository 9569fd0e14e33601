#!/bin/sh
# One browser test looks at what reaches the disk before a delivery is acknowledged, and needs strace. Where it is missing,
# Debian's package is installed if this may be done without asking (as root, or in CI with sudo); elsewhere the line to run
# is said, and the test fails rather than be skipped.
set -eu
if command -v strace >/dev/null 2>&1; then exit 0; fi
install="apt-get update && apt-get install -y --no-install-recommends strace"
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        sh -c "$install" >/tmp/fairlead-strace.log 2>&1 && exit 0
        tail -n 5 /tmp/fairlead-strace.log >&2
    elif [ -n "${CI:-}" ] && command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo sh -c "$install" >/tmp/fairlead-strace.log 2>&1 && exit 0
        tail -n 5 /tmp/fairlead-strace.log >&2
    fi
fi
echo "A test needs strace. On Debian or Ubuntu run: sudo sh -c '$install'" >&2
exit 1
