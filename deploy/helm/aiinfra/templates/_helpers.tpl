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

{{/* agent.yaml: what the values give, over what a container needs. */}}
{{- define "aiinfra.config" -}}
{{- $container := dict "host" (dict "root" "/proc/1/root") "kubelet" (dict "root" .Values.agent.kubeletRoot) -}}
{{ mergeOverwrite $container (deepCopy .Values.agent.config) | toYaml }}
{{- end }}
