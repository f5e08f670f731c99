"""Contexts of unpacked archives, for tests of handlers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.context import Context
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl

EXPLAIN = {"explain": "True"}
PREDICT = {"explain": "False"}


def context_of(
    directory: Path,
    *,
    configuration: dict[str, Any] | None = None,
    limit_pixels: bool = True,
    gpu: int | None = None,
    **files: str,
) -> Context:
    """The context of an archive, as a worker makes it.

    Args:
        directory: the archive's.
        configuration: model-config.yaml.
        limit_pixels: whether large images are refused.
        gpu: the worker's accelerator.
        files: of the manifest, such as `serializedFile`.
    """
    manifest = {"model": {"modelName": "m", "modelVersion": "1.0", **files}}
    metrics = MetricsCacheYamlImpl(model_name="m")
    return Context("m", str(directory), manifest, 8, gpu, "0.12.0", limit_pixels, metrics, configuration or {})


def begin(context: Context, rows: int, headers: Mapping[str, Any] = PREDICT) -> Context:
    """Have a batch of requests with the same headers."""
    context.begin_batch({row: f"request-{row}" for row in range(rows)}, [headers] * rows)
    return context


def ask(handler: Any, context: Context, rows: Sequence[Any], headers: Mapping[str, Any] = PREDICT) -> Any:
    """Have a handler answer a batch."""
    return handler.handle(list(rows), begin(context, len(rows), headers))
