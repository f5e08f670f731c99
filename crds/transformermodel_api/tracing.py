"""Whether OpenTelemetry traces are enabled, by the same environment variables for operator and server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from transformermodel_api.errors import UserError

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


def traces_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names an endpoint for traces. If not, OpenTelemetry must not be imported."""
    return bool(environment.get(ENDPOINT) or environment.get(TRACES_ENDPOINT))


@contextmanager
def importing_opentelemetry() -> Iterator[None]:
    """Turn an ImportError inside the block into a message for the user.

    Raises:
        UserError: OpenTelemetry is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise UserError(
            f"{ENDPOINT} is set, but {error.name} is not installed: install transformermodel[tracing], or unset it"
        ) from error
