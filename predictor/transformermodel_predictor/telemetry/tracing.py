"""OpenTelemetry traces: a span per request, with a child span for each wait and each phase of the work.

The request's span belongs to the client's trace (W3C `traceparent`). Unless an endpoint is configured, OpenTelemetry is
not even imported.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from transformermodel_api.tracing import importing_opentelemetry, traces_wanted
from transformermodel_predictor.telemetry.outcome import Outcome

_NOTHING = nullcontext()


class Tracer(Protocol):
    """Traces requests."""

    def span(
        self, headers: Mapping[str, str], protocol: str, model: str, outcome: Outcome
    ) -> AbstractContextManager[None]:
        """Trace a request for as long as the context lasts.

        An exception that ends it is recorded by its type alone: its message may contain users' data.

        Args:
            headers: the request's headers, which may name the client's trace.
            protocol: the client's protocol, such as `v2` or `grpc`.
            model: the model's name; empty if it is unknown.
            outcome: has the answer's status when the context ends.
        """
        ...

    def end(self) -> None:
        """Export the spans that have not been exported yet."""
        ...


class Untraced:
    """A tracer that does nothing."""

    def span(
        self, headers: Mapping[str, str], protocol: str, model: str, outcome: Outcome
    ) -> AbstractContextManager[None]:
        """Do nothing."""
        return _NOTHING

    def end(self) -> None:
        """Do nothing."""


def make_tracer(environment: Mapping[str, str]) -> Tracer:
    """A tracer that exports to the endpoint in the environment; without one, a tracer that does nothing.

    Raises:
        UserError: an endpoint is configured, but OpenTelemetry is not installed.
    """
    if not traces_wanted(environment):
        return Untraced()
    with importing_opentelemetry():
        from transformermodel_predictor.telemetry.otlp import OTLPTracer
    return OTLPTracer()
