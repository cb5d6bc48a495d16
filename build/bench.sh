#!/usr/bin/env bash
# Measures the budgets. Baselines run in the same minutes on the same machine; read the ratios, not the absolute figures.
#   build/bench.sh [NAME...]   only the named benches
set -euo pipefail
cd "$(dirname "$0")/.."
build/require.sh test
PATH="$(build/tools.sh):$PATH"; export PATH
exec tests/bench/bin/Release/net10.0/aiinfra-bench "$@"
