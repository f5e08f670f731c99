"""A tracer that exports spans over OTLP. Imports OpenTelemetry, which is an optional dependency."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from transformermodel_operator.objects import Key

_SERVICE = "transformermodel-operator"


class OTLPTracer:
    """Implements `tracing.Tracer`, configured by OpenTelemetry's own environment variables."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE)

    @contextmanager
    def span(self, key: Key) -> Iterator[None]:
        """A span of a model's reconciliation; an exception becomes its status, without the traceback."""
        attributes = {"k8s.namespace.name": key.namespace, "transformermodel.model": key.name}
        with self._tracer.start_as_current_span(
            "reconcile", attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as current:
            try:
                yield
            except BaseException as error:
                current.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
                raise

    def end(self) -> None:
        """Export the remaining spans."""
        self._provider.shutdown()


def _resource() -> Resource:
    """The resource with the service's name: OTEL_SERVICE_NAME, or our own in place of the SDK's placeholder."""
    defaults = Resource.create()
    named = not str(defaults.attributes.get("service.name", "")).startswith("unknown_service")
    return defaults if named else defaults.merge(Resource({"service.name": _SERVICE}))
