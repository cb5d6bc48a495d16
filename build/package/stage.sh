#!/usr/bin/env bash
# Lays out what each package installs, in out/package/root/PACKAGE: the one list that deb, rpm and image are made of. Needs `make publish`.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=out/package/root
rm -rf out/package && mkdir -p $out
for program in aiinfra-agent aiinfra-aggregator; do
  [ -x out/publish/$program ] || { echo "There is no out/publish/$program: run make publish first." >&2; exit 1; }
done

put() { install -D -m "$1" "$2" "$out/$3"; } # MODE FROM TO

agent=aiinfra-agent
put 0755 out/publish/aiinfra-agent $agent/usr/lib/aiinfra/aiinfra-agent
put 0644 out/publish/libe_sqlite3.so $agent/usr/lib/aiinfra/libe_sqlite3.so
mkdir -p $out/$agent/usr/bin && ln -s ../lib/aiinfra/aiinfra-agent $out/$agent/usr/bin/aiinfra-agent
put 0644 packaging/systemd/aiinfra-agent.service $agent/usr/lib/systemd/system/aiinfra-agent.service
put 0600 packaging/agent.yaml $agent/etc/aiinfra/agent.yaml
install -d -m 0755 $out/$agent/etc/aiinfra/rules.d
# Without docs/README.md: it would take the place of README.md.
for page in README.md README.zh-CN.md CHANGELOG.md docs/*[!E].md; do put 0644 "$page" $agent/usr/share/doc/aiinfra-agent/"$(basename "$page")"; done
for page in docs/runbooks/*.md docs/adr/*.md; do put 0644 "$page" $agent/usr/share/doc/aiinfra-agent/"${page#docs/}"; done

aggregator=aiinfra-aggregator
put 0755 out/publish/aiinfra-aggregator $aggregator/usr/lib/aiinfra-aggregator/aiinfra-aggregator
put 0644 out/publish/libe_sqlite3.so $aggregator/usr/lib/aiinfra-aggregator/libe_sqlite3.so # of its own: either package may be there alone
mkdir -p $out/$aggregator/usr/bin && ln -s ../lib/aiinfra-aggregator/aiinfra-aggregator $out/$aggregator/usr/bin/aiinfra-aggregator
put 0644 packaging/systemd/aiinfra-aggregator.service $aggregator/usr/lib/systemd/system/aiinfra-aggregator.service
put 0644 packaging/sysusers/aiinfra-aggregator.conf $aggregator/usr/lib/sysusers.d/aiinfra-aggregator.conf
put 0640 packaging/aggregator.yaml $aggregator/etc/aiinfra/aggregator.yaml
for page in docs/aggregator*.md docs/fleet-page.md docs/fleet-page.png; do put 0644 "$page" $aggregator/usr/share/doc/aiinfra-aggregator/"$(basename "$page")"; done

simulators=aiinfra-simulators/usr/lib/aiinfra/simulators
put 0755 out/native/aiinfra-simnode $simulators/aiinfra-simnode
(cd out/native && find . -name '*.so*' -type f -not -path './obj/*' -not -path './native-tests/*') | while read -r library; do
  put 0644 "out/native/$library" "$simulators/${library#./}"
done
put 0644 native/README.md aiinfra-simulators/usr/share/doc/aiinfra-simulators/README.md

# The same commit gives the same times, so that two builds can be compared.
find out/package/root -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
