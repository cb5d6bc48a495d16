#!/usr/bin/env bash
# Lets podman resolve CDI names from spec files, and prints the configuration that it hands to its OCI runtime. No container is started.
#   resolve.sh FOLDER NAME...   FOLDER holds the files as they would be in /run/cdi
# Needs root and mount namespaces: /run and /dev are private to it, with a node for each that a spec names.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
  export RESOLVE_WORK=$(mktemp -d)
  trap 'rm -rf "$RESOLVE_WORK"' EXIT
  unshare --mount --propagation private "$0" --inside "$@"
  exit
fi
shift
specs=$1; shift

cat >"$RESOLVE_WORK/runtime" <<RUNTIME
#!/bin/sh
while [ \$# -gt 0 ]; do
  [ "\$1" = --bundle ] && cp "\$2/config.json" "$RESOLVE_WORK/config.json"
  shift
done
exit 1
RUNTIME
chmod +x "$RESOLVE_WORK/runtime"

mount -t tmpfs none /run
mkdir -p /run/cdi
cp "$specs"/* /run/cdi/
mount -t tmpfs none /dev
mkdir /dev/shm /dev/pts
mknod /dev/null c 1 3; mknod /dev/zero c 1 5; mknod /dev/random c 1 8; mknod /dev/urandom c 1 9
minor=0
for node in $(grep -ho '"/dev/[^"]*"' /run/cdi/* | tr -d '"' | sort -u); do
  [ -e "$node" ] && continue
  mkdir -p "$(dirname "$node")"
  mknod "$node" c 195 $((minor++))
done

tools=$(cd "$(dirname "$(command -v podman)")/../.." && pwd)
[ "$tools" = / ] || export LD_LIBRARY_PATH="$tools/usr/lib/x86_64-linux-gnu:$tools/lib/x86_64-linux-gnu"
mkdir "$RESOLVE_WORK/rootfs"
podman=(podman --root "$RESOLVE_WORK/root" --runroot /run/podman --storage-driver vfs --cgroup-manager cgroupfs --events-backend none
  --runtime "$RESOLVE_WORK/runtime" --conmon "$(command -v conmon)" --network-config-dir /run/networks)
devices=()
for name in "$@"; do devices+=(--device "$name"); done
"${podman[@]}" create --name probe --network none "${devices[@]}" --rootfs "$RESOLVE_WORK/rootfs" /bin/sh >/dev/null
"${podman[@]}" init probe >/dev/null 2>"$RESOLVE_WORK/refusal" || true
[ -e "$RESOLVE_WORK/config.json" ] || { cat "$RESOLVE_WORK/refusal" >&2; exit 1; }
cat "$RESOLVE_WORK/config.json"
