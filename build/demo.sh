#!/usr/bin/env bash
# A simulated 8-GPU node beside a stand-in kubelet. Needs no root, writes only under one folder of its own, removes it at the end.
# On a terminal the node stays up after the story, until Ctrl-C; DEMO_METRICS=host:port moves the metrics page.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in node npm curl; do
  command -v $tool >/dev/null || { echo "The demo needs $tool; install Debian's package ${tool/node/nodejs} (make does it when run as root: make test)." >&2; exit 1; }
done
[ -d tests/peers/grpc-js/node_modules ] || (cd tests/peers/grpc-js && npm ci --silent --no-audit --no-fund)

metrics=${DEMO_METRICS:-127.0.0.1:9400}
folder=$(mktemp -d "${TMPDIR:-/tmp}/aiinfra-demo.XXXXXX")
kubelet_pid='' node_pid=''
finish() {
  trap - EXIT INT TERM
  [ -z "$node_pid" ] || kill -TERM "$node_pid" 2>/dev/null || true
  [ -z "$node_pid" ] || wait "$node_pid" 2>/dev/null || true
  [ -z "$kubelet_pid" ] || kill -TERM "$kubelet_pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'echo; echo "Stopped; everything is removed."; exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }
agent() { out/bin/aiinfra-agent "$@"; }
healthy() { curl -s "http://$metrics/metrics" | awk '/^aiinfra_agent_device_healthy\{/ { n += $NF } END { print n + 0 }'; }
# until SECONDS WHAT COMMAND...: polls an outside process, which gives no other signal
until_true() {
  local limit=$((SECONDS + $1)) what=$2; shift 2
  until "$@"; do
    [ $SECONDS -lt $limit ] || { echo "Gave up waiting for: $what. The log is above." >&2; exit 1; }
    kill -0 "$node_pid" 2>/dev/null || { echo "The simulated node ended early." >&2; exit 1; }
    sleep 0.2
  done
}
have() { [ "$(healthy)" = "$1" ]; }

say "1. A stand-in kubelet (grpc-js) and a simulated DGX H100: the real daemon on a simulated libnvidia-ml.so.1."
mkdir -p "$folder/kubelet/device-plugins"
node tests/peers/grpc-js/kubelet.mjs --human --root "$folder/kubelet" < <(tail -f /dev/null --pid=$$) &
kubelet_pid=$!
printf 'node dgx-h100\n' >"$folder/scenario.txt"
out/bin/aiinfra-agent simulate --scenario "$folder/scenario.txt" --dir "$folder/node" --kubelet-root "$folder/kubelet" --metrics "$metrics" &
node_pid=$!
inject() { out/native/aiinfra-simnode inject --scenario "$folder/scenario.txt" --state "$folder/node" "$1" >/dev/null; }
until_true 30 "eight healthy GPUs on http://$metrics/metrics" have 8

say "2. Eight GPUs are registered. Look while it runs:
     curl -s http://$metrics/metrics | grep DCGM_FI_DEV_GPU_TEMP
     out/bin/aiinfra-agent status --config $folder/node/agent.yaml"
agent status --config "$folder/node/agent.yaml"
curl -s "http://$metrics/metrics" | grep '^DCGM_FI_DEV_GPU_TEMP{' | head -n 2

say "3. Xid 48 (double-bit ECC error) on GPU 3: the kubelet hears Unhealthy at once; the other seven go on."
inject "gpu 3 xid 48"
until_true 10 "GPU 3 Unhealthy" have 7
agent problems --config "$folder/node/agent.yaml"

say "4. The GPU is reset: the agent sees the proof of it in NVML's counters at its next round, and gives the GPU back."
inject "gpu 3 reset"
until_true 30 "GPU 3 Healthy again" have 8

say "5. Xid 79 on GPU 5: it fell off the bus. No reset helps; it stays Unhealthy, also over a restart of the agent."
inject "gpu 5 xid 79"
until_true 10 "GPU 5 Unhealthy" have 7
agent problems --config "$folder/node/agent.yaml"

say "6. The node boots: the daemon dies with it, starts again, finds a new boot id and an answering GPU, and clears the problem."
inject "boot"
until_true 40 "eight healthy GPUs after the boot" have 8
agent problems --config "$folder/node/agent.yaml"

say "That is the whole story. Its files were in $folder."
if [ -t 0 ] && [ -t 1 ]; then
  echo "The node stays up: look around, inject faults with"
  echo "     out/native/aiinfra-simnode inject --scenario $folder/scenario.txt --state $folder/node 'gpu 2 xid 31'"
  echo "and end it with Ctrl-C."
  wait "$node_pid"
fi
