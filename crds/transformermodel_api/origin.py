"""Removes secrets from uris that are shown in messages or logs, or stored. Pure."""

import re

_PLACES = ("file", "package", "pvc")
"""Schemes whose uris are paths, in which every character is part of a name."""

_SECRET_PART = re.compile(r"[?#]")
"""The first character of a query or a fragment."""


def without_secrets(uri: str) -> str:
    """A uri without user, password, query and fragment.

    The whole query is removed because signatures have many names (X-Amz-Signature, sig, token). A uri with an unknown
    scheme is cut in the same way, because the scheme may be misspelt.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme in _PLACES:
        return uri
    authority, slash, path = _SECRET_PART.split(rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
