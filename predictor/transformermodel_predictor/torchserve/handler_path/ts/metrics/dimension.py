"""A dimension of a measurement."""

from typing import Any


class Dimension:
    """A name with a value, such as ModelName and the model's name.

    Args:
        name: the dimension.
        value: the measurement's value in this dimension.
    """

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __str__(self) -> str:
        return f"{self.name}:{self.value}"

    def to_dict(self) -> dict[str, Any]:
        """The dimension for JSON."""
        return {"Name": self.name, "Value": self.value}
