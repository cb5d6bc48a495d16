#!/usr/bin/env bash
# Boots a copy of a system under systemd-nspawn, and again after each of its reboots. When its own input ends, also because a test was killed, nothing of it is left.
#   machine.sh TOOLS TREE FOLDER [OPTION OF systemd-nspawn...]
# TOOLS is what build/tools.sh unpacked, TREE the system of build/booted.sh (it stays as it is), FOLDER one of this machine alone.
# Prints "booted PID" for each boot, the system's process 1 as it is seen from outside, and "off STATUS" when it is over.
set -uo pipefail
tools=$1 tree=$2 folder=$3
if [ -z "${MACHINE_MOUNTS:-}" ]; then
  MACHINE_MOUNTS=own exec unshare --mount --propagation private "$0" "$@"
fi
shift 3
unset MACHINE_MOUNTS
name=aiinfra-test-$$
machine= watch= leader=
# systemd-nspawn uses the groups "payload" and "supervisor" beside its own: two machines must not meet there.
groups=()
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  [ -e "$hierarchy/cgroup.procs" ] && mkdir "$hierarchy/$name" && groups+=("$hierarchy/$name")
done

clear_up() {
  [ -z "$machine" ] || kill -KILL $leader "$machine" 2>/dev/null # its process 1 takes all others with it; it outlives systemd-nspawn otherwise
  [ -z "$watch" ] || kill -KILL "$watch" 2>/dev/null
  wait 2>/dev/null
  for group in "${groups[@]}"; do
    [ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
  done
  for try in 1 2 3 4 5 6 7 8 9 10; do # that takes a moment
    left=
    for group in "${groups[@]}"; do
      [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
    done
    [ -n "$left" ] || break
    sleep 0.1
  done
  umount --lazy "$folder/root" 2>/dev/null
  rmdir "/run/systemd/nspawn/propagate/$name" 2>/dev/null
  rm -rf --one-file-system "$folder"
}
trap clear_up EXIT
trap 'exit 1' TERM INT HUP

mkdir -p "$folder/upper/etc/systemd/system.conf.d" "$folder/work" "$folder/root"
# What a test leaves running and does not end by itself would delay the next boot by 90 s.
printf '[Manager]\nDefaultTimeoutStopSec=5s\n' >"$folder/upper/etc/systemd/system.conf.d/test.conf"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$folder/upper,workdir=$folder/work" "$folder/root" || exit 1
exec 3<&0 </dev/null
cat <&3 >/dev/null &
watch=$!

while true; do
  (
    for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs"; done
    export LD_LIBRARY_PATH="$tools/usr/lib/x86_64-linux-gnu/systemd:$tools/usr/lib/aarch64-linux-gnu/systemd"
    exec "$tools/usr/bin/systemd-nspawn" --quiet --register=no --keep-unit --boot --directory="$folder/root" --machine="$name" --hostname=booted \
      --console=pipe --private-network "$@" >>"$folder/console" 2>&1 3<&-
  ) &
  machine=$!
  leader=
  while [ -z "$leader" ] && kill -0 "$machine" 2>/dev/null && kill -0 "$watch" 2>/dev/null; do
    for child in $(cat "/proc/$machine/task/$machine/children" 2>/dev/null); do
      grep -qP '^NSpid:\t\d+\t1$' "/proc/$child/status" 2>/dev/null && leader=$child
    done
    [ -n "$leader" ] || sleep 0.02
  done
  [ -z "$leader" ] || echo "booted $leader"
  wait -n -p ended "$machine" "$watch"
  status=$?
  [ "$ended" = "$machine" ] || break
  machine= leader=
  [ "$status" -eq 133 ] || { tail -n 5 "$folder/console"; echo "off $status"; break; } # 133: it wants to be booted again
done
