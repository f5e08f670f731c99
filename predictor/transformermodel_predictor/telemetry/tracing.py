"""OpenTelemetry traces: one span per request, part of the trace that the client began (W3C's `traceparent`).

Only where an endpoint is configured; otherwise nothing of OpenTelemetry is imported.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

from transformermodel_api.errors import UserError

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"

_SERVICE = "transformermodel"


class Tracer:
    """Begins spans.

    Args:
        span: from a request's headers, its protocol and its model's name to a context that is the span.
        end: sends what has not been sent yet.
    """

    def __init__(
        self,
        span: Callable[[Mapping[str, str], str, str], AbstractContextManager[None]],
        end: Callable[[], object],
    ) -> None:
        self._span = span
        self._end = end

    def span(self, headers: Mapping[str, str], protocol: str, model: str) -> AbstractContextManager[None]:
        """A request; an exception that ends it is told by its type, because its text may hold somebody's data."""
        return self._span(headers, protocol, model)

    def end(self) -> None:
        """Send what has not been sent yet."""
        self._end()


def make_tracer(environment: Mapping[str, str]) -> Tracer:
    """A tracer that sends to the endpoint in the environment; one that does nothing where there is none.

    Raises:
        UserError: there is an endpoint, but OpenTelemetry is not installed.
    """
    if not (environment.get(ENDPOINT) or environment.get(TRACES_ENDPOINT)):
        return Tracer(lambda _headers, _protocol, _model: nullcontext(), lambda: None)
    try:
        return _opentelemetry()
    except ImportError as error:
        raise UserError(
            f"{ENDPOINT} is set, but {error.name} is not installed: install transformermodel[tracing], or unset it"
        ) from error


def _opentelemetry() -> Tracer:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    defaults = Resource.create()  # has OTEL_SERVICE_NAME, or a placeholder
    named = not str(defaults.attributes.get("service.name", "")).startswith("unknown_service")
    provider = TracerProvider(resource=defaults if named else defaults.merge(Resource({"service.name": _SERVICE})))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer(_SERVICE)
    propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(headers: Mapping[str, str], protocol: str, model: str) -> Iterator[None]:
        began = propagator.extract(headers)
        attributes = {"transformermodel.protocol": protocol, "transformermodel.model": model}
        with tracer.start_as_current_span(
            f"{protocol} {model}".rstrip(),
            began,
            SpanKind.SERVER,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            try:
                yield
            except BaseException as error:
                current.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    return Tracer(span, provider.shutdown)
