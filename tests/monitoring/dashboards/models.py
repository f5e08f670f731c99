"""The models that are served: requests, steps, explanations, handlers and their servers."""

from tests.monitoring.dashboards.grafana import Dashboard, Query, Row, Variable, graph, table
from tests.monitoring.dashboards.promql import WINDOW, mean, quantiles, rate

_HERE = 'namespace="$namespace"'
_MODEL = f'{_HERE}, model=~"$model"'
_FAILED = f'{_MODEL}, status=~"5.."'
_ALL = rate("transformermodel_requests_total", _MODEL, "model")
_SERVED = f"transformermodel_model_info{{{_MODEL}}}"
_ITS_SERVERS = f"and on (job, instance) {_SERVED}"

_REQUESTS = Row(
    "Requests",
    [
        graph(
            "Requests by status",
            "reqps",
            Query(rate("transformermodel_requests_total", _MODEL, "model, status"), "{{model}} {{status}}"),
            stacked=True,
        ),
        graph(
            "Share that fails",
            "percentunit",
            Query(
                f"({rate('transformermodel_requests_total', _FAILED, 'model')} or 0 * {_ALL}) / {_ALL}",
                "{{model}}",
            ),
            description="503 among them: turned away, because too many wait.",
        ),
        graph(
            "Time of a request",
            "s",
            *quantiles("transformermodel_handler_time_seconds", _MODEL, 0.5, 0.9, 0.99, by="model"),
            description="Explanations have a graph of their own.",
        ),
        graph(
            "In flight",
            "short",
            Query(f"sum by (model) (transformermodel_requests_in_flight{{{_MODEL}}})", "{{model}}"),
        ),
        graph(
            "Wait of a text for its step",
            "s",
            *quantiles("transformermodel_queue_time_seconds", _MODEL, 0.5, 0.9, 0.99, by="model"),
        ),
        graph(
            "Where the time goes",
            "short",
            Query(rate("transformermodel_phase_time_seconds_sum", _MODEL, "model, phase"), "{{model}} {{phase}}"),
            description="Seconds of each second, over all replicas.",
            stacked=True,
        ),
    ],
)

_STEPS = Row(
    "Steps",
    [
        graph("Texts in a step", "short", Query(mean("transformermodel_batch_rows", _MODEL, "model"), "{{model}}")),
        graph("Tokens in a step", "short", Query(mean("transformermodel_batch_tokens", _MODEL, "model"), "{{model}}")),
        graph(
            "Padding",
            "percentunit",
            Query(mean("transformermodel_batch_padding_ratio", _MODEL, "model"), "{{model}}"),
            description="Share of what is computed for nothing.",
        ),
        graph(
            "Tokens a second",
            "short",
            Query(rate("transformermodel_batch_tokens_sum", _MODEL, "model"), "{{model}} computed"),
        ),
        graph(
            "Generated tokens a second",
            "short",
            Query(rate("transformermodel_generated_tokens_total", _MODEL, "model"), "{{model}}"),
        ),
    ],
)

_EXPLANATIONS = Row(
    "Explanations",
    [
        graph(
            "Explanations in flight",
            "short",
            Query(f"sum by (model) (transformermodel_explanations_in_flight{{{_MODEL}}})", "{{model}}"),
        ),
        graph(
            "Time of an explanation",
            "s",
            *quantiles("transformermodel_explanation_time_seconds", _MODEL, 0.5, 0.9, by="model"),
        ),
        graph(
            "Steps of an explanation",
            "short",
            Query(mean("transformermodel_explanation_steps", _MODEL, "model, method"), "{{model}} {{method}}"),
        ),
    ],
)

_HANDLERS = Row(
    "Handlers",
    [
        graph(
            "Workers",
            "short",
            Query(f"sum by (model, state) (transformermodel_workers{{{_MODEL}}})", "{{model}} {{state}}"),
            stacked=True,
        ),
        graph(
            "Workers started anew",
            "short",
            Query(
                f"sum by (model) (increase(transformermodel_worker_restarts_total{{{_MODEL}}}{WINDOW}))", "{{model}}"
            ),
        ),
        graph(
            "Memory of the workers",
            "bytes",
            Query(f"sum by (model, pod) (transformermodel_worker_memory_bytes{{{_MODEL}}})", "{{model}} {{pod}}"),
        ),
    ],
)

_SERVERS = Row(
    "Servers",
    [
        table(
            "Replicas by what they serve", "short", f"count by (model, version, task, engine, precision) ({_SERVED})"
        ),
        graph("Memory", "bytes", Query(f"process_resident_memory_bytes{{{_HERE}}} {_ITS_SERVERS}", "{{pod}}")),
        graph("CPU", "short", Query(f"rate(process_cpu_seconds_total{{{_HERE}}}{WINDOW}) {_ITS_SERVERS}", "{{pod}}")),
    ],
)

MODELS = Dashboard(
    uid="transformermodel-models",
    title="TransformerModel models",
    variables=[
        Variable("namespace", "Namespace", "label_values(transformermodel_model_info, namespace)"),
        Variable("model", "Model", f"label_values(transformermodel_model_info{{{_HERE}}}, model)", several=True),
    ],
    rows=[_REQUESTS, _STEPS, _EXPLANATIONS, _HANDLERS, _SERVERS],
)
