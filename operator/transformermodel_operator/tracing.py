"""OpenTelemetry traces, with a span for each reconciliation, if an endpoint is configured."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from transformermodel_api.tracing import importing_opentelemetry, traces_wanted
from transformermodel_operator.objects import Key


class Tracer(Protocol):
    """Creates spans."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """A span of a model's reconciliation; an exception inside becomes its status and is raised again."""
        ...

    def end(self) -> None:
        """Export the remaining spans."""
        ...


class NoOpTracer:
    """A tracer that does nothing."""

    def span(self, key: Key) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    def end(self) -> None:
        """Do nothing."""


def make_tracer(environment: Mapping[str, str]) -> Tracer:
    """A tracer that exports to the endpoint in the environment, or one that does nothing without an endpoint.

    Raises:
        UserError: there is an endpoint, but OpenTelemetry is not installed.
    """
    if not traces_wanted(environment):
        return NoOpTracer()
    with importing_opentelemetry():
        from transformermodel_operator.otlp import OTLPTracer
    return OTLPTracer()
