"""The URLs and RPCs that probes ask: they stay open where a token is wanted, because a kubelet has none."""

import re

_OPEN_PATHS = re.compile(r"/|/ping|/v2/health/(live|ready)|/v[12]/models/[^/]+(/versions/[^/]+)?/ready")

_OPEN_METHODS = frozenset({"ServerLive", "ServerReady", "ModelReady", "Check", "Watch"})


def is_health_url(path: str) -> bool:
    """Whether a path tells only that the server or a model is well."""
    return _OPEN_PATHS.fullmatch(path) is not None


def is_health_method(method: str) -> bool:
    """Whether an RPC, by its full name, tells only that the server or a model is well."""
    return method.rpartition("/")[2] in _OPEN_METHODS
