#!/usr/bin/env bash
# Installs what the tests need, runs all of them, prints the ten slowest and one closing line for all runners.
set -uo pipefail
cd "$(dirname "$0")/.."
results=$PWD/out/test-results
rm -rf "$results" && mkdir -p "$results"

build/require.sh test || exit 1
tools=$(build/tools.sh) || exit 1
export PATH="$tools:$PATH"
export AIINFRA_TESTING=1 # whoever acts on a host refuses this one
build/booted.sh >"$results/booted.txt" 2>&1 & # a minute and a half on a clean machine: beside the build
booted=$!
for peer in grpc-js apiserver manifests; do
  (cd "tests/peers/$peer" && npm ci --silent --no-audit --no-fund) || exit 1
done
build/kube-tools.sh kubectl >/dev/null || exit 1
make --no-print-directory build || exit 1
make --no-print-directory package || exit 1

failed=0
wait "$booted" || { tail -n 20 "$results/booted.txt" >&2; [ -z "${CI:-}" ] || failed=1; }
make --no-print-directory -C native test OUT="$PWD/out/native" 2>&1 | tee "$results/native.txt"
[ "${PIPESTATUS[0]}" -eq 0 ] || failed=1

for project in UnitTests FunctionalTests EndToEndTests; do
  echo "== $project"
  runner=tests/$project/bin/Release/net10.0/AIInfra.$project
  timeout --kill-after=30 1500 "$runner" -noLogo -noColor -longRunning 60 -ctrf "$results/$project.json" >"$results/$project.txt" 2>&1 </dev/null || failed=1
  grep -vE '^ *(Discover|Starting|Finished)' "$results/$project.txt" | tail -n 200
done

node build/test-summary.mjs "$results" || failed=1
exit $failed
