#!/usr/bin/env bash
# Makes the system that tests boot under systemd-nspawn: a small Debian with systemd and D-Bus. Made once for each version of this list, kept outside the
# repository, and printed. Needs root, a Debian mirror and what build/tools.sh unpacks.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=systemd,systemd-sysv,dbus,libsystemd0,libssl3,libgcc-s1,libstdc++6,zlib1g,kmod,procps
suite=bookworm
cache=${AIINFRA_TEST_CACHE:-/var/cache/aiinfra-tests}
tree=$cache/booted-$suite-$(printf %s "$packages" | sha256sum | head -c 8)

if [ "${1:-}" = --where ]; then # for who only wants to know
  echo "$tree"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || { echo "Tests that boot a systemd need root; they are skipped." >&2; exit 1; }
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -d "$tree" ]; then
  debootstrap=$(command -v debootstrap || echo "$PWD/out/tools/debian/usr/sbin/debootstrap")
  [ -x "$debootstrap" ] || { echo "debootstrap is not there: run build/tools.sh first." >&2; exit 1; }
  [ "$debootstrap" = /usr/sbin/debootstrap ] || export DEBOOTSTRAP_DIR=$PWD/out/tools/debian/usr/share/debootstrap
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf --one-file-system "$new"' EXIT
  # In mounts of its own: whatever it mounts is gone with it.
  unshare --mount --propagation private "$debootstrap" --variant=minbase --include="$packages" "$suite" "$new/tree" "${AIINFRA_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
  rm -rf "$new"/tree/var/cache/apt/archives/*.deb "$new"/tree/var/lib/apt/lists/*
  : >"$new/tree/etc/machine-id" # each machine gets one of its own
  mkdir -p "$new/tree/var/log/journal"
  mv "$new/tree" "$tree"
fi
echo "$tree"
