"""Which names a model may have in TorchServe's archives and URLs."""

import re

RULE = "letters, digits, '_', '.' and '-', and start with a letter or a digit"
"""What `is_model_name` wants, in words."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def is_model_name(name: str) -> bool:
    """Whether a model may have this name."""
    return _NAME.fullmatch(name) is not None
