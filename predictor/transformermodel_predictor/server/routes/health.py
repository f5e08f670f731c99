"""The URLs and RPCs of probes, which never need the token, because a kubelet has none."""

import re

_OPEN_PATHS = re.compile(r"/|/ping|/v2/health/(live|ready)|/v[12]/models/[^/]+(/versions/[^/]+)?/ready")

_OPEN_METHODS = frozenset({"ServerLive", "ServerReady", "ModelReady", "Check", "Watch"})


def is_health_url(path: str) -> bool:
    """Whether a path reports nothing but the health of the server or of a model."""
    return _OPEN_PATHS.fullmatch(path) is not None


def is_health_method(method: str) -> bool:
    """Whether an RPC, by its full name, reports nothing but the health of the server or of a model."""
    return method.rpartition("/")[2] in _OPEN_METHODS
