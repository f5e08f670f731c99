{{/*
Name of a policy of this release, from a list of the root context and what the policy is about: there may be releases of one
name in several namespaces.
*/}}
{{- define "transformermodel.policyName" -}}
{{- $root := index . 0 -}}
{{ include "transformermodel.name" $root }}.{{ $root.Release.Namespace }}.{{ index . 1 }}
{{- end }}

{{/* What every policy is asked about: models that are made or changed. Their status is not among it. */}}
{{- define "transformermodel.policyMatches" -}}
failurePolicy: Fail
matchConstraints:
  resourceRules:
    - apiGroups: [transformermodel.dev]
      apiVersions: ["*"]
      resources: [transformermodels]
      operations: [CREATE, UPDATE]
{{- end }}

{{/* A binding, from a list of the root context, what its policy is about, and requirements of namespaces' labels. */}}
{{- define "transformermodel.policyBinding" -}}
{{- $root := index . 0 -}}
{{- $name := include "transformermodel.policyName" . -}}
{{- $requirements := index . 2 -}}
{{- with $root.Values.watchNamespaces -}}
{{- $requirements = append $requirements (dict "key" "kubernetes.io/metadata.name" "operator" "In" "values" .) -}}
{{- end -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "transformermodel.labels" $root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [{{ $root.Values.admissionPolicies.action }}]
  {{- with $requirements }}
  matchResources:
    namespaceSelector:
      matchExpressions:
        {{- toYaml . | nindent 8 }}
  {{- end }}
{{- end }}

{{/*
CEL variables of a policy that compares uris with places, from a list of places (values). A JSON string is a CEL string too,
so that whatever is in a value stays inside of it. A place ends with a slash, so that hf://acme does not let hf://acme-too in.
*/}}
{{- define "transformermodel.placeVariables" -}}
{{- $places := list -}}
{{- range . }}{{ $places = append $places (hasSuffix "/" . | ternary . (print . "/")) }}{{ end -}}
variables:
  - name: places
    expression: {{ toJson $places | toJson }}
  # What a server or a file system may read as a way up.
  - name: wayUp
    expression: r"(^|[/\\]|%2[fF]|%5[cC])([.]|%2[eE]){1,2}([/\\?#]|%2[fF]|%5[cC]|$)"
{{- end }}

{{/*
A CEL condition: every uri of a list (CEL) is one of the places, or below one, and goes up nowhere. Of an address of the web
neither query nor fragment counts: a signature may be there.
*/}}
{{- define "transformermodel.isBelow" -}}
{{- $path := `(uri.startsWith("https://") ? uri.split("?")[0].split("#")[0] : uri)` -}}
{{ . }}.all(uri, !uri.matches(variables.wayUp) && variables.places.exists(place, ({{ $path }} + "/").startsWith(place)))
{{- end }}
