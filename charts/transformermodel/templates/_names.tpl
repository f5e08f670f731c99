{{/* Name of everything the release owns: the release's, with the chart's unless that is in it already. */}}
{{- define "transformermodel.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- .Values.fullnameOverride | default $name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "transformermodel.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "transformermodel.name" .) "default") -}}
{{- end }}

{{/* Labels that never change during a release's life. */}}
{{- define "transformermodel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Those of the operator's pods, which models called like the release must not be taken for. */}}
{{- define "transformermodel.operatorSelector" -}}
{{ include "transformermodel.selector" . }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Those of predictors' pods, whoever made the InferenceService. */}}
{{- define "transformermodel.predictorSelector" -}}
transformermodel.dev/runtime: {{ .Values.servingRuntime.name | quote }}
{{- end }}

{{- define "transformermodel.ownLabels" -}}
{{ include "transformermodel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Labels of every object; what the chart goes by cannot be overwritten. */}}
{{- define "transformermodel.labels" -}}
{{- merge (include "transformermodel.ownLabels" . | fromYaml) .Values.commonLabels | toYaml -}}
{{- end }}

{{/* Reference of an image, from a list of the root context and the image's values: the digest wins over the tag. */}}
{{- define "transformermodel.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What PodSecurity "restricted" asks of a container, and a root that nobody writes to. */}}
{{- define "transformermodel.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* "true" when the serving runtime belongs to this release. */}}
{{- define "transformermodel.hasRuntime" -}}
{{- $kind := not .Values.watchNamespaces | ternary "ClusterServingRuntime" "ServingRuntime" -}}
{{- $known := .Capabilities.APIVersions.Has (printf "serving.kserve.io/v1alpha1/%s" $kind) -}}
{{- if or (eq .Values.servingRuntime.install "always") (and $known (eq .Values.servingRuntime.install "auto")) -}}
true
{{- end -}}
{{- end }}
