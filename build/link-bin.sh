#!/usr/bin/env bash
# Lays the build's output out as it is installed: the programs in out/bin, beside out/native (hard links: no second copy on the disk).
set -euo pipefail
rm -rf out/bin && mkdir -p out/bin
for program in aiinfra-agent:src/AIInfra.Agent aiinfra-aggregator:src/AIInfra.Aggregator; do
  built=${program#*:}/bin/$1/net10.0/linux-x64/${program%%:*}
  [ -x "$built" ] || { echo "${program#*:} built no ${program%%:*}" >&2; exit 1; }
  cp -alf "$(dirname "$built")/." out/bin/
done
