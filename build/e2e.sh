#!/usr/bin/env bash
# The whole story once, on a booted systemd: the packages of `make package` installed, a fault told, permitted, mended and shown, removed without a trace. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
build/require.sh test
PATH="$(build/tools.sh):$PATH"; export PATH
export AIINFRA_TESTING=1 # whoever acts on a host refuses this one
build/booted.sh >/dev/null
for peer in grpc-js apiserver; do
  [ -d tests/peers/$peer/node_modules ] || (cd tests/peers/$peer && npm ci --silent --no-audit --no-fund)
done
# With what it printed: the seconds of each step.
exec tests/EndToEndTests/bin/Release/net10.0/AIInfra.EndToEndTests -noLogo -noColor -showLiveOutput -class 'AIInfra.EndToEndTests.Installed.FromFaultToServiceTests' "$@"
