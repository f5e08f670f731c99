"""What may be exceeded by no benchmark: a file of limits for each that is held to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Limits:
    """The limits of one benchmark.

    Attributes:
        values: a number for each thing that is measured; where it depends on a size, one for each size up to which it
            holds.
    """

    values: Mapping[str, float | Mapping[int, float]]

    @classmethod
    def of(cls, benchmark: str) -> "Limits":
        """Read those of a benchmark."""
        return cls(yaml.safe_load((_FOLDER / f"{benchmark}.yaml").read_text()))

    def on(self, measured: str, size: int = 0) -> float | None:
        """The limit; None for a size beyond all that there is one for."""
        found = self.values[measured]
        if not isinstance(found, Mapping):
            return found
        return next((found[largest] for largest in sorted(found) if size <= largest), None)
