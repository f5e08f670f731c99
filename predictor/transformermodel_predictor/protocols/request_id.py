"""Ids for requests whose clients sent none."""

import random


def new_request_id() -> str:
    """A random UUID (RFC 9562, version 4). It is no secret, so the slower cryptographic generator is not needed."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
