"""Dimensions added to those that a handler gives a measurement."""

from collections.abc import Sequence

from ts.metrics.dimension import Dimension

MODEL_NAME = "ModelName"
LEVEL = "Level"


def with_model(dimensions: Sequence[Dimension], model_name: str | None) -> list[Dimension]:
    """Dimensions of a model's measurement: the given ones first, unchanged."""
    given = {dimension.name for dimension in dimensions}
    own = (Dimension(MODEL_NAME, model_name or ""), Dimension(LEVEL, "Model"))
    return [*dimensions, *(dimension for dimension in own if dimension.name not in given)]


def of_error(dimensions: Sequence[Dimension]) -> list[Dimension]:
    """Dimensions of an error count."""
    return list(dimensions) or [Dimension(LEVEL, "Error")]
