#!/usr/bin/env bash
# Measures the budgets. Baselines run in the same minutes on the same machine; read the ratios, not the absolute figures.
#   build/bench.sh [NAME...]   only the named benches
set -euo pipefail
cd "$(dirname "$0")/.."
build/require.sh test
PATH="$(build/tools.sh):$PATH"; export PATH
exec "$(ls -d tests/bench/bin/Release/net10.0*/aiinfra-bench tests/bench/bin/Release/net10.0*/*/aiinfra-bench 2>/dev/null | head -n 1)" "$@"
