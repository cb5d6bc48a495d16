#!/usr/bin/env bash
# Draws the dashboards into out/dashboards: two simulated nodes with pods and faults, Debian's Prometheus with the rules, Chromium.
#   DASHBOARD_SECONDS=180   how long the nodes are watched before the pictures are made
set -euo pipefail
cd "$(dirname "$0")/.."
command -v chromium >/dev/null || { echo "Chromium is not installed: apt-get install --no-install-recommends chromium fonts-dejavu-core." >&2; exit 1; }
PATH="$(build/tools.sh):$PATH"
for peer in tests/peers/grpc-js tests/dashboards; do
  [ -d $peer/node_modules ] || (cd $peer && npm ci --silent --no-audit --no-fund)
done
seconds=${DASHBOARD_SECONDS:-180}
folder=$(mktemp -d "${TMPDIR:-/tmp}/aiinfra-dashboards.XXXXXX")
pids=()
finish() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

start_node() { # NAME MODEL PORT
  mkdir -p "$folder/$1"
  printf 'node %s\n' "$2" >"$folder/$1.txt"
  mkfifo "$folder/$1.pipe"
  node tests/peers/grpc-js/kubelet.mjs --root "$folder/$1/kubelet" <"$folder/$1.pipe" >"$folder/$1.kubelet" 2>&1 &
  pids+=($!)
  exec {pipe}>"$folder/$1.pipe"
  AIINFRA_NODE__NAME=$1 AIINFRA_METRICS__PROFILE=dcgm,neutral AIINFRA_VENDORS__NVIDIA__SAMPLEINTERVAL=1s \
    out/bin/aiinfra-agent simulate --scenario "$folder/$1.txt" --dir "$folder/$1" --kubelet-root "$folder/$1/kubelet" --metrics "127.0.0.1:$3" >"$folder/$1.log" 2>&1 {pipe}>&- &
  pids+=($!)
  until curl -sf "http://127.0.0.1:$3/metrics" | grep -q '^hw_power_watts'; do kill -0 $! || { cat "$folder/$1.log" >&2; exit 1; }; sleep 0.5; done
  curl -s "http://127.0.0.1:$3/metrics" | sed -n 's/^aiinfra_agent_device_healthy{.*device="\([^"]*\)".*/\1/p' >"$folder/$1.ids"
  # the first four devices are held by a pod of one team, the next two by one of another
  awk -v q='"' 'NR <= 4 { a = a (NR > 1 ? "," : "") q $0 q } NR > 4 && NR <= 6 { b = b (NR > 5 ? "," : "") q $0 q }
    function pod(n, p, ids) { return "{\"namespace\":\"" n "\",\"name\":\"" p "\",\"containers\":[{\"name\":\"main\",\"devices\":[{\"resource\":\"nvidia.com/gpu\",\"ids\":[" ids "]}]}]}" }
    END { print "{\"pods\":[" pod("vision", "train-0", a) (b ? "," pod("speech", "notebook-1", b) : "") "]}" }' "$folder/$1.ids" >&"$pipe"
}
inject() { out/native/aiinfra-simnode inject --scenario "$folder/$1.txt" --state "$folder/$1" "$2" >/dev/null; }

start_node gpu-01 dgx-h100 19411
start_node gpu-02 l4 19412
cat >"$folder/prometheus.yml" <<YAML
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 2s }
rule_files: [$PWD/deploy/prometheus/aiinfra-records.yaml, $PWD/deploy/prometheus/aiinfra-alerts.yaml]
scrape_configs:
  - job_name: aiinfra-agent
    honor_labels: true
    static_configs:
      - { targets: ["127.0.0.1:19411"], labels: { cluster: demo, node: gpu-01 } }
      - { targets: ["127.0.0.1:19412"], labels: { cluster: demo, node: gpu-02 } }
YAML
prometheus --config.file="$folder/prometheus.yml" --storage.tsdb.path="$folder/data" --web.listen-address=127.0.0.1:19490 >"$folder/prometheus.log" 2>&1 &
pids+=($!)

inject gpu-01 "gpu 5 utilization 0"
sleep $((seconds / 3))
inject gpu-01 "gpu 2 temperature 88"
inject gpu-01 "gpu 2 throttle 0x40"
inject gpu-01 "gpu 6 ecc corrected 40"
inject gpu-01 "gpu 6 link 3 replay 12"
sleep $((seconds / 3))
inject gpu-01 "gpu 3 xid 48"
inject gpu-02 "gpu 1 xid 31"
sleep $((seconds / 3))
node tests/dashboards/preview.mjs --prometheus http://127.0.0.1:19490 --seconds "$seconds" --out out/dashboards fleet
node tests/dashboards/preview.mjs --prometheus http://127.0.0.1:19490 --seconds "$seconds" --out out/dashboards --node gpu-01 node
node tests/dashboards/preview.mjs --prometheus http://127.0.0.1:19490 --seconds "$seconds" --out out/dashboards --node gpu-01 --device "$(sed -n 3p "$folder/gpu-01.ids")" device
