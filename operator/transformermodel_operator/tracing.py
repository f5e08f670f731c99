"""OpenTelemetry traces: a span for each reconciliation. Only where an endpoint is configured."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from transformermodel_api.tracing import importing_opentelemetry, traces_wanted
from transformermodel_operator.objects import Key


class Tracer(Protocol):
    """Begins spans."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """A reconciliation of a model; an exception that ends it is told."""
        ...

    def end(self) -> None:
        """Send what has not been sent yet."""
        ...


class Untraced:
    """Nobody wants traces."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

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
        from transformermodel_operator.otlp import OTLPTracer
    return OTLPTracer()
