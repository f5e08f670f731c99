"""OpenTelemetry traces: a span per request, and in it one for each wait and each part of the work.

The request's is part of the trace that the client began (W3C's `traceparent`). Only where an endpoint is configured;
otherwise nothing of OpenTelemetry is imported.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from transformermodel_api.tracing import importing_opentelemetry, traces_wanted
from transformermodel_predictor.telemetry.answered import Answered

_NOTHING = nullcontext()


class Tracer(Protocol):
    """Begins spans."""

    def span(
        self, headers: Mapping[str, str], protocol: str, model: str, answered: Answered
    ) -> AbstractContextManager[None]:
        """A request; an exception that ends it is told by its type, because its text may hold somebody's data.

        Args:
            headers: the request's.
            protocol: how the client speaks.
            model: the model's name; empty where there is none.
            answered: has the answer's status when the context ends.
        """
        ...

    def end(self) -> None:
        """Send what has not been sent yet."""
        ...


class Untraced:
    """Nobody wants traces."""

    def span(
        self, headers: Mapping[str, str], protocol: str, model: str, answered: Answered
    ) -> AbstractContextManager[None]:
        """Nothing."""
        return _NOTHING

    def end(self) -> None:
        """Nothing is left to send."""


def make_tracer(environment: Mapping[str, str]) -> Tracer:
    """A tracer that sends to the endpoint in the environment; one that does nothing where there is none.

    Raises:
        UserError: there is an endpoint, but OpenTelemetry is not installed.
    """
    if not traces_wanted(environment):
        return Untraced()
    with importing_opentelemetry():
        from transformermodel_predictor.telemetry.otlp import OTLPTracer
    return OTLPTracer()
