"""The names of the classes as handlers look them up in `self.mapping`. Pure."""

from collections.abc import Sequence


def mapping_of(labels: Sequence[str]) -> dict[str, str] | None:
    """Each class by its number as text, and all as the list that the ancestor wants for tokens; None without any."""
    if not labels:
        return None
    return {**{str(index): label for index, label in enumerate(labels)}, "label_list": f"[{', '.join(labels)}]"}
