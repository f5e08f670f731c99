{{/* Namespaces of models whose pods get policies. */}}
{{- define "transformermodel.policedNamespaces" -}}
{{- .Values.networkPolicies.namespaces | default .Values.watchNamespaces | toJson -}}
{{- end }}

{{/* An egress rule: names are resolved. */}}
{{- define "transformermodel.toNameServers" -}}
- ports:
    {{- range .Values.networkPolicies.dns.ports }}
    - protocol: UDP
      port: {{ . }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
  {{- with .Values.networkPolicies.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* An ingress rule, from a list of its peers and its ports. No peers mean nobody: Kubernetes would take them for everybody. */}}
{{- define "transformermodel.fromPeers" -}}
{{- with index . 0 -}}
- from:
    {{- toYaml . | nindent 4 }}
  ports:
    {{- range index $ 1 }}
    - protocol: TCP
      port: {{ . }}
    {{- end }}
{{- end }}
{{- end }}
