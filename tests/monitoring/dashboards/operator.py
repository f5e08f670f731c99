"""The operator: how models are, and how its work goes."""

from tests.monitoring.dashboards.grafana import Dashboard, Query, Row, Variable, graph, table
from tests.monitoring.dashboards.promql import WINDOW, quantiles, rate

_HERE = 'namespace="$namespace"'
_LEADER = f'leader_election_master_status{{name="transformermodel-operator", {_HERE}}}'
_RECONCILER = f'controller="transformermodel", {_HERE}'
_QUEUE = f'name="transformermodel", {_HERE}'
_OURS = f"and on (job, instance) {_LEADER}"
"""Of what every operator tells under the same name, ours alone."""

_MODELS = Row(
    "Models, as the replica that leads tells of them",
    [
        graph(
            "Models by state",
            "short",
            Query("sum by (state) (transformermodel_models)", "{{state}}"),
            stacked=True,
        ),
        graph(
            "Not Ready, by reason",
            "short",
            Query('sum by (reason) (transformermodel_models{state!="Ready"})', "{{reason}}"),
            description="docs/reasons.md has a line for each.",
            stacked=True,
        ),
        table(
            "Not Ready for longest",
            "s",
            "topk(20, max by (namespace, model, condition, reason) "
            "(time() - transformermodel_model_unready_since_seconds))",
        ),
    ],
)

_WORK = Row(
    "Work",
    [
        graph(
            "Reconciliations by what they come to",
            "ops",
            Query(rate("controller_runtime_reconcile_total", _RECONCILER, "result"), "{{result}}"),
        ),
        graph(
            "Reconciliations that fail",
            "ops",
            Query(rate("controller_runtime_reconcile_errors_total", _RECONCILER, "pod"), "{{pod}}"),
        ),
        graph(
            "Time of a reconciliation",
            "s",
            *quantiles("controller_runtime_reconcile_time_seconds", _RECONCILER, 0.5, 0.99),
        ),
        graph("Models that wait", "short", Query(f"workqueue_depth{{{_QUEUE}}} {_OURS} == 1", "{{pod}}")),
        graph("Wait in the queue", "s", *quantiles("workqueue_queue_duration_seconds", _QUEUE, 0.5, 0.99)),
        graph(
            "Workers",
            "short",
            Query(f"max(controller_runtime_active_workers{{{_RECONCILER}}})", "at work"),
            Query(f"max(controller_runtime_max_concurrent_reconciles{{{_RECONCILER}}})", "at most"),
        ),
    ],
)

_REPLICAS = Row(
    "Replicas",
    [
        graph("Who leads", "short", Query(f"max by (pod) ({_LEADER})", "{{pod}}"), stacked=True),
        graph(
            "Quiet watches",
            "s",
            Query(f"max by (resource) (transformermodel_watch_quiet_seconds{{{_HERE}}})", "{{resource}}"),
            description="Each hears something once a minute; after ten minutes the process is restarted.",
        ),
        graph(
            "Requests to the API server",
            "reqps",
            Query(
                f"sum by (method, code) (rate(rest_client_requests_total{{{_HERE}}}{WINDOW}) {_OURS})",
                "{{method}} {{code}}",
            ),
            description="Without changes those of the Lease and the watches alone.",
        ),
        graph("Memory", "bytes", Query(f"process_resident_memory_bytes{{{_HERE}}} {_OURS}", "{{pod}}")),
        graph("CPU", "short", Query(f"rate(process_cpu_seconds_total{{{_HERE}}}{WINDOW}) {_OURS}", "{{pod}}")),
    ],
)

OPERATOR = Dashboard(
    uid="transformermodel-operator",
    title="TransformerModel operator",
    variables=[
        Variable(
            "namespace",
            "Operator in",
            'label_values(leader_election_master_status{name="transformermodel-operator"}, namespace)',
        )
    ],
    rows=[_MODELS, _WORK, _REPLICAS],
)
