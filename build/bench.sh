#!/usr/bin/env bash
# Measures the budgets. Baselines run in the same minutes on the same machine; read the ratios, not the absolute figures.
#   build/bench.sh [NAME...]   only the named benches: limits grpc vendorhost render log npd probes flood kubelet sharing vendorfiles libraries reporting remediation
#                              fleetstore scrape agent package
#   AIINFRA_BENCH_SECONDS=60   how long memory and processor time are watched (default 600)
# The run is kept in out/bench/bench.json, whichever benches failed, and its text in out/bench/bench.txt.
#   build/bench.sh doc         keeps that run as docs/benchmarks.json and makes docs/benchmarks.md of it
set -euo pipefail
cd "$(dirname "$0")/.."
bench=tests/bench/bin/Release/net10.0/aiinfra-bench
if [ "${1:-}" = doc ]; then
  cp out/bench/bench.json docs/benchmarks.json
  "$bench" doc docs/benchmarks.json >docs/benchmarks.md
  exit
fi
build/require.sh test
PATH="$(build/tools.sh):$PATH"; export PATH
for peer in grpc-js apiserver; do
  [ -d tests/peers/$peer/node_modules ] || (cd tests/peers/$peer && npm ci --silent --no-audit --no-fund)
done
if [ $# -eq 0 ] || [[ " $* " =~ \ (agent|probes|scrape)\  ]]; then make --no-print-directory publish; fi
AIINFRA_BENCH_DATE=${AIINFRA_BENCH_DATE:-$(date -u +%F)}
AIINFRA_BENCH_COMMIT=${AIINFRA_BENCH_COMMIT:-$(git describe --always --dirty --abbrev=10 2>/dev/null || true)}
export AIINFRA_BENCH_DATE AIINFRA_BENCH_COMMIT
mkdir -p out/bench
"$bench" "$@" | tee out/bench/bench.txt
