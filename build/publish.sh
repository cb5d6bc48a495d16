#!/usr/bin/env bash
# One self-contained, trimmed file per program in out/publish, its native parts beside it.
#   AOT=1 and RID=linux-arm64 work where their packs can be had, and say what is missing where not.
set -euo pipefail
cd "$(dirname "$0")/.."
rid=${RID:-linux-x64}
case $rid in
  linux-x64 | linux-arm64) ;;
  *) echo "RID=$rid is not built: the choices are linux-x64 and linux-arm64." >&2; exit 64 ;;
esac

shape=()
what="ReadyToRun for $rid"
if [ "${AOT:-0}" = 1 ]; then
  shape=(-p:PublishAot=true -p:PublishSingleFile=false -p:PublishReadyToRun=false)
  what="native AOT for $rid"
fi

build/page.sh
rm -rf out/publish
build=$PWD/out/publish-build # apart from the ordinary build: the shapes must not mix
rm -rf "$build"
log=$(mktemp); trap 'rm -rf "$log" "$build"' EXIT
for program in Agent Aggregator; do # the parts beside them (libe_sqlite3.so) are the same for both
  if ! dotnet publish "src/AIInfra.$program/AIInfra.$program.csproj" -c Release -r "$rid" -o out/publish --artifacts-path "$build" \
      -p:NuGetLockFilePath=obj/publish-$rid-${AOT:-0}.lock.json "${shape[@]}" -v q -clp:NoSummary >"$log" 2>&1; then
    if grep -qE 'NU1101|NU1102|NU1103' "$log"; then
      echo "$what cannot be built here: the package feed does not serve these packs:" >&2
      grep -oE "NU110[123]: .*" "$log" | sort -u | head -n 3 >&2
      echo "Use a feed that has them, or publish ReadyToRun for linux-x64 (the default)." >&2
    else
      cat "$log" >&2
    fi
    exit 1
  fi
done
echo "$what:"
(cd out/publish && find . -maxdepth 1 -type f -printf '%8k KiB  %f\n' | sort -k3)
