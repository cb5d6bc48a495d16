#!/usr/bin/env bash
# Builds the aggregator's page into src/AIInfra.Aggregator/ui/dist, where it is newer than what is there.
set -euo pipefail
cd "$(dirname "$0")/../src/AIInfra.Aggregator/ui"
if [ -f dist/index.html ] && [ -z "$(find . -newer dist/index.html -type f -not -path './node_modules/*' -not -path './dist/*' -print -quit)" ]; then
  exit 0
fi
[ node_modules -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
npm run --silent build >/dev/null
