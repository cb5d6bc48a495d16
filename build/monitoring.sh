#!/usr/bin/env bash
# Writes the rules and dashboards as what the Prometheus operator and Grafana's sidecar load, into out/monitoring.
#   RUNBOOKS=https://git.example.org/aiinfra/blob/main/   put before each runbook_url
#   NAMESPACE=monitoring   RELEASE=prometheus             where they go; the label by which the operator selects
set -euo pipefail
cd "$(dirname "$0")/.."
out=out/monitoring namespace=${NAMESPACE:-monitoring} release=${RELEASE:-prometheus} runbooks=${RUNBOOKS:-}
mkdir -p $out
head() { printf 'apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  namespace: %s\n  labels: { %s }\n' "$@"; }
indented() { sed "s/^\(.\)/$1\1/"; }

{
  head monitoring.coreos.com/v1 PrometheusRule aiinfra-agent "$namespace" "release: $release"
  printf 'spec:\n  groups:\n'
  for file in deploy/prometheus/aiinfra-records.yaml deploy/prometheus/aiinfra-alerts.yaml; do
    sed '1,/^groups:$/d' $file | indented '  ' | awk -v base="$runbooks" '/^ *runbook_url: / { sub(/runbook_url: /, "runbook_url: " base) } { print }'
  done
} >$out/prometheusrule.yaml

{
  head v1 ConfigMap aiinfra-dashboards "$namespace" 'grafana_dashboard: "1"'
  printf 'data:\n'
  for file in deploy/grafana/*.json; do
    case $file in *.schema.json) continue ;; esac
    printf '  aiinfra-%s: |\n' "$(basename $file)"
    indented '    ' <$file
  done
} >$out/dashboards.yaml

{
  head monitoring.coreos.com/v1 PodMonitor aiinfra-agent "$namespace" "release: $release"
  cat <<'YAML'
spec:
  namespaceSelector: { any: true }
  selector:
    matchLabels: { app.kubernetes.io/name: aiinfra-agent }
  podMetricsEndpoints:
    - port: metrics
      honorLabels: true
      relabelings:
        - { targetLabel: job, replacement: aiinfra-agent }
        - { sourceLabels: [__meta_kubernetes_pod_node_name], targetLabel: node }
        # honorLabels keeps the agent's own namespace, pod and container; the target's would stand on series that have none
        - { regex: namespace|pod|container, action: labeldrop }
YAML
} >$out/podmonitor.yaml
echo "$out/podmonitor.yaml $out/prometheusrule.yaml $out/dashboards.yaml"
