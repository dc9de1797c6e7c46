#!/usr/bin/env bash
# Makes sure that there is a Chromium. Where there is none and none can be installed, it says SKIP and fails.
set -euo pipefail
browser=${CHROMIUM:-/usr/bin/chromium}
if [ -x "$browser" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -q >/dev/null && apt-get install -y -q chromium >/dev/null
fi
if [ -x "$browser" ]; then exit 0; fi
echo "SKIP e2e_tests there is no Chromium at $browser: install Debian's package chromium, or set CHROMIUM"
exit 1
