"""A uri as it may be shown, in messages, in logs and in what is kept. Pure."""

import re

_PLACES = ("file", "package", "pvc")
"""Schemes of paths, in which every character is part of a name."""

_SECRET_PART = re.compile(r"[?#]")
"""With what the query and the fragment begin."""


def without_secrets(uri: str) -> str:
    """A uri without the user, the password and the signature that it can hold.

    Whatever follows `?` or `#` goes: signatures have many names (X-Amz-Signature, sig, token). A uri of no known scheme
    is cut in the same way, for it may be a mistyped one.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme in _PLACES:
        return uri
    authority, slash, path = _SECRET_PART.split(rest, maxsplit=1)[0].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
