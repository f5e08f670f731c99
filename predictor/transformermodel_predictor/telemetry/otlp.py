"""The tracer that sends what it sees over OTLP. Imports OpenTelemetry, which may be missing."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from transformermodel_predictor.protocols.errors import refusal
from transformermodel_predictor.telemetry.answered import Answered
from transformermodel_predictor.telemetry.timeline import Timeline, noting

_SERVICE = "transformermodel"

_RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code"
"""The conventions' name, which their package has only among those that may change."""

_REFUSAL = "transformermodel.refusal"
"""What the client did wrong; the conventions have a name for it only where it is an error."""

_GRPC = "grpc"

_GRPC_FAULTS = frozenset({"DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNIMPLEMENTED", "UNKNOWN"})
"""gRPC's codes that are a fault of the server, by OpenTelemetry's conventions for RPCs; the others are the client's."""


class OTLPTracer:
    """Implements `Tracer`; OpenTelemetry's own variables say where to, and how."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, headers: Mapping[str, str], protocol: str, model: str, answered: Answered) -> Iterator[None]:
        """A request with its phases, part of its client's trace."""
        with self._tracer.start_as_current_span(
            f"{protocol} {model}".rstrip(),
            self._propagator.extract(headers),
            SpanKind.SERVER,
            {"transformermodel.protocol": protocol, "transformermodel.model": model},
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            if not current.is_recording():  # its client wants no trace of it
                yield
                return
            raised: BaseException | None = None
            with noting() as timelines:
                try:
                    yield
                except BaseException as error:
                    raised = error
                    raise
                finally:
                    _tell_end(current, protocol, answered.status, raised)
                    self._tell_phases(current, timelines)

    def end(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()

    def _tell_phases(self, request: Span, timelines: Iterable[Timeline]) -> None:
        """The phases as spans, after the fact."""
        context = set_span_in_context(request)
        start = time.time_ns() - time.perf_counter_ns()
        for phase in (phase for timeline in timelines for phase in timeline.phases):
            span = self._tracer.start_span(phase.name, context, start_time=start + _nanoseconds(phase.began))
            span.end(start + _nanoseconds(phase.ended))


def _tell_end(request: Span, protocol: str, status: int, raised: BaseException | None) -> None:
    """How a request ended, by OpenTelemetry's conventions for servers: what its client did wrong is no error."""
    if protocol == _GRPC:
        code = refusal(raised).code if raised else "OK"
        request.set_attribute(_RPC_RESPONSE_STATUS_CODE, code)
        is_fault = code in _GRPC_FAULTS
    else:
        request.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
        is_fault = status >= 500
    if is_fault:
        request.set_status(StatusCode.ERROR)
        request.set_attribute(ERROR_TYPE, type(raised).__name__ if raised else str(status))
    elif raised:
        request.set_attribute(_REFUSAL, type(raised).__name__)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)


def _resource() -> Resource:
    """Who sends: OTEL_SERVICE_NAME, or our own name where the SDK would put a placeholder."""
    defaults = Resource.create()
    named = not str(defaults.attributes.get("service.name", "")).startswith("unknown_service")
    return defaults if named else defaults.merge(Resource({"service.name": _SERVICE}))
