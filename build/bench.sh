#!/usr/bin/env bash
# Measures the budgets. Baselines run in the same minutes on the same machine; read the ratios, not the absolute figures.
#   build/bench.sh [NAME...]   only the named benches: grpc vendorhost render kubelet reporting probes scrape agent
#   AIINFRA_BENCH_SECONDS=60   how long memory and processor time are watched (default 600)
set -euo pipefail
cd "$(dirname "$0")/.."
build/require.sh test
PATH="$(build/tools.sh):$PATH"; export PATH
for peer in grpc-js apiserver; do
  [ -d tests/peers/$peer/node_modules ] || (cd tests/peers/$peer && npm ci --silent --no-audit --no-fund)
done
if [ $# -eq 0 ] || [[ " $* " =~ \ (agent|probes|scrape)\  ]]; then make --no-print-directory publish; fi
exec tests/bench/bin/Release/net10.0/aiinfra-bench "$@"
