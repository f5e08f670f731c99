"""The tracer that exports spans over OTLP. Imports OpenTelemetry, which may not be installed."""

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

from transformermodel_predictor.protocols.errors import refusal_of
from transformermodel_predictor.telemetry.outcome import Outcome
from transformermodel_predictor.telemetry.timeline import Timeline, recording_timelines

_SERVICE = "transformermodel"

_RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code"
"""An attribute of OpenTelemetry's conventions that their package has among the unstable ones only."""

_REFUSAL = "transformermodel.refusal"
"""The type of a client's error; the conventions have an attribute for errors of the server only."""

_GRPC = "grpc"

_GRPC_FAULTS = frozenset({"DATA_LOSS", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNIMPLEMENTED", "UNKNOWN"})
"""gRPC codes that are faults of the server by OpenTelemetry's conventions for RPCs; the others are the client's."""


class OTLPTracer:
    """Implements `Tracer`. OpenTelemetry's own environment variables configure the export."""

    def __init__(self) -> None:
        self._provider = TracerProvider(resource=_resource())
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer(_SERVICE)
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def span(self, headers: Mapping[str, str], protocol: str, model: str, outcome: Outcome) -> Iterator[None]:
        """Trace a request with its phases, as part of its client's trace; see `Tracer`."""
        with self._tracer.start_as_current_span(
            f"{protocol} {model}".rstrip(),
            self._propagator.extract(headers),
            SpanKind.SERVER,
            {"transformermodel.protocol": protocol, "transformermodel.model": model},
            record_exception=False,
            set_status_on_exception=False,
        ) as current:
            if not current.is_recording():  # not sampled, by the client's decision
                yield
                return
            raised: BaseException | None = None
            with recording_timelines() as timelines:
                try:
                    yield
                except BaseException as error:
                    raised = error
                    raise
                finally:
                    _set_outcome(current, protocol, outcome.status, raised)
                    self._add_phases(current, timelines)

    def end(self) -> None:
        """Export the spans that have not been exported yet."""
        self._provider.shutdown()

    def _add_phases(self, request: Span, timelines: Iterable[Timeline]) -> None:
        """Add a span per phase, with the times recorded for it."""
        context = set_span_in_context(request)
        start = time.time_ns() - time.perf_counter_ns()
        for phase in (phase for timeline in timelines for phase in timeline.phases):
            span = self._tracer.start_span(phase.name, context, start_time=start + _nanoseconds(phase.began))
            span.end(start + _nanoseconds(phase.ended))


def _set_outcome(request: Span, protocol: str, status: int, raised: BaseException | None) -> None:
    """Set how a request ended, by OpenTelemetry's conventions for servers: a client's mistake is not an error."""
    if protocol == _GRPC:
        code = refusal_of(raised).code if raised else "OK"
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
    """The traced service: named by OTEL_SERVICE_NAME, else by our own name instead of the SDK's placeholder."""
    defaults = Resource.create()
    has_name = not str(defaults.attributes.get("service.name", "")).startswith("unknown_service")
    return defaults if has_name else defaults.merge(Resource({"service.name": _SERVICE}))
