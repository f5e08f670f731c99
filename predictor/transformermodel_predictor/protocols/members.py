"""Detects misspelt members of a body, or parameters of a query. Pure."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from transformermodel_predictor.protocols.errors import InvalidRequest

_LIKENESS = 0.7
"""Similarity, from 0 to 1, from which on a name counts as misspelt: `params` is like `parameters` by 0.75."""
_MOST_COMPARED = 16
"""Most unknown members compared: a body may have a million, and each takes some microseconds."""
_LONGEST_COMPARED = 32
"""Most characters of a name compared: no member's name is longer, and the cost grows with the length."""


def refuse_misspelt(body: object, known: Sequence[str], prefix: str = "the body has no member") -> None:
    """Refuse a member that resembles one of the protocol's: ignoring it would lose what it says silently.

    Other unknown members are ignored, as by KServe's own server: `signature_name` is TensorFlow Serving's, for one.

    Args:
        body: the parsed body; a value that is not an object passes.
        known: names of the protocol's members.
        prefix: the beginning of the error message.

    Raises:
        InvalidRequest: a member resembles a known one that is missing.
    """
    if not isinstance(body, Mapping):
        return
    missing = [name for name in known if name not in body]
    for name in islice((name for name in body if name not in known), _MOST_COMPARED):
        for similar in get_close_matches(name[:_LONGEST_COMPARED], missing, n=1, cutoff=_LIKENESS):
            raise InvalidRequest(f"{prefix} {name[:_LONGEST_COMPARED]!r}: did you mean {similar}?", field=name)
