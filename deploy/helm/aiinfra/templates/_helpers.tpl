{{- define "aiinfra.selector" -}}
app.kubernetes.io/name: aiinfra-agent
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "aiinfra.labels" -}}
{{ include "aiinfra.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* A manifest of deploy/kubernetes, in the release's namespace, which Helm itself makes. */}}
{{- define "aiinfra.manifest" -}}
{{ regexReplaceAll "(?s)apiVersion: v1\nkind: Namespace\n.*?\n---\n" (.root.Files.Get .file) "" | replace "aiinfra-system" .root.Release.Namespace }}
{{- end }}

{{- define "aiinfra.aggregator.selector" -}}
app.kubernetes.io/name: aiinfra-aggregator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "aiinfra.aggregator.labels" -}}
{{ include "aiinfra.aggregator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* The Secret with ca.crt, tls.crt and tls.key. */}}
{{- define "aiinfra.aggregator.tls" -}}
{{ .Values.aggregator.tls.secret | default "aiinfra-aggregator-tls" }}
{{- end }}

{{/* Whom the agents' tokens are made for: one word in both configurations. */}}
{{- define "aiinfra.audience" -}}
{{ dig "identity" "audience" "aiinfra-aggregator" .Values.aggregator.config }}
{{- end }}

{{/* agent.yaml: what the values give, over what a container needs and how the aggregator of this release is reached. */}}
{{- define "aiinfra.config" -}}
{{- $container := dict "host" (dict "root" "/proc/1/root") "kubelet" (dict "root" .Values.agent.kubeletRoot) -}}
{{- if eq .Values.agent.reload "file" -}}
{{- $_ := set $container "reload" (dict "onChange" true) -}}
{{- end -}}
{{- if .Values.aggregator.enabled -}}
{{- $_ := set $container "fleet" (dict "aggregator" (printf "aiinfra-aggregator.%s.svc:9443" .Release.Namespace) "credentials" "/var/run/aiinfra-fleet/token" "authority" "/var/run/aiinfra-fleet/ca.crt") -}}
{{- end -}}
{{ mergeOverwrite $container (deepCopy .Values.agent.config) | toYaml }}
{{- end }}

{{/* aggregator.yaml: what the values give, over where its volume, its certificate and its agents are. */}}
{{- define "aiinfra.aggregator.config" -}}
{{- $folder := "/var/lib/aiinfra-aggregator" -}}
{{- $container := dict "state" (dict "path" (printf "%s/state" $folder)) "identity" (dict "accounts" (list (printf "%s/aiinfra-agent" .Release.Namespace))) -}}
{{- $_ := set $container "listen" (dict "certificate" "/etc/aiinfra-tls/tls.crt" "key" "/etc/aiinfra-tls/tls.key") -}}
{{- if not .Values.aggregator.store.secret -}}
{{- $_ := set $container "store" (dict "connection" (printf "Data Source=%s/aggregator.db" $folder)) -}}
{{- end -}}
{{ mergeOverwrite $container (deepCopy .Values.aggregator.config) | toYaml }}
{{- end }}
