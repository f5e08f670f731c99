"""Members of a body, or parameters of a query, that nobody reads. Pure."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import islice

from transformermodel_predictor.protocols.errors import InvalidRequest

_LIKENESS = 0.7
"""Of two names, from 0 to 1, by which one is taken for the other misspelt: `params` is like `parameters` by 0.75."""
_MOST_COMPARED = 16
"""Unknown members that are looked at: a body may have a million, and each takes some microseconds."""
_LONGEST_COMPARED = 32
"""Characters of a name that are compared; no member's is longer, and the comparison grows with them."""


def refuse_misspelt(body: object, known: Sequence[str], called: str = "the body has no member") -> None:
    """Refuse a member that is nearly one of the protocol's: what it says would be lost without a word.

    Others are passed over, as KServe's own server does: `signature_name`, for one, is TensorFlow Serving's.

    Args:
        body: the parsed body; what is no object is left to whoever reads it.
        known: the names of the protocol's members.
        called: how an error begins.

    Raises:
        InvalidRequest: there is such a member, and the one that is meant is missing.
    """
    if not isinstance(body, Mapping):
        return
    missing = [name for name in known if name not in body]
    for name in islice((name for name in body if name not in known), _MOST_COMPARED):
        for meant in get_close_matches(name[:_LONGEST_COMPARED], missing, n=1, cutoff=_LIKENESS):
            raise InvalidRequest(f"{called} {name[:_LONGEST_COMPARED]!r}: is {meant} meant?", field=name)
