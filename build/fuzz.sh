#!/usr/bin/env bash
# Runs the fuzz tests with a long time budget each: FUZZ_SECONDS (default 60).
set -euo pipefail
export AIINFRA_FUZZ_SECONDS=${FUZZ_SECONDS:-60}
runner=$(ls -d tests/UnitTests/bin/Release/net10.0*/AIInfra.UnitTests tests/UnitTests/bin/Release/net10.0*/*/AIInfra.UnitTests 2>/dev/null | head -n 1)
exec "$runner" -noLogo -noColor -trait "Kind=Fuzz"
