#!/usr/bin/env bash
# Runs the fuzz tests with a long time budget each: FUZZ_SECONDS (default 60).
set -euo pipefail
export AIINFRA_FUZZ_SECONDS=${FUZZ_SECONDS:-60}
exec tests/UnitTests/bin/Release/net10.0/AIInfra.UnitTests -noLogo -noColor -trait "Kind=Fuzz"
