"""The environment variables of a handler's process."""

import re
from collections.abc import Mapping

_SECRET = re.compile(
    r"TRANSFORMERMODEL_(MANAGEMENT_)?TOKEN"  # of our own server
    r"|HF_TOKEN(_PATH)?|HUGGING_?FACE_?HUB_TOKEN"  # of the Hub
    r"|(AWS|AZURE|GOOGLE|GCS|GCP|S3|STORAGE|FSSPEC)_\w*"
    r"(KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL|CONNECTION_STRING|IDENTITY)\w*",  # of storage
    re.IGNORECASE,
)
"""Credentials of the server, which handlers, as third-party code, must not see."""

_FOR_HANDLERS = "TRANSFORMERMODEL_HANDLER_"
"""Prefix of variables for handlers, which they get without it."""

_METRICS = "TS_METRICS_CONFIG"
"""The file that defines handlers' metrics: set from the settings alone, which know whether the environment counts."""


def worker_environment(
    server: Mapping[str, str], decode_input: bool, metrics_file: str | None = None
) -> dict[str, str]:
    """The environment of a worker: the server's, without credentials of storage, of the Hub and of the server itself.

    Variables with the prefix TRANSFORMERMODEL_HANDLER_ are passed on without it.

    Args:
        server: the server's environment.
        decode_input: value of TorchServe's variable for handlers that decode rows themselves.
        metrics_file: the file that defines the handler's metrics; None for the archive's own.
    """
    public = {name: value for name, value in server.items() if not _SECRET.fullmatch(name) and name != _METRICS}
    for_handlers = {
        name.removeprefix(_FOR_HANDLERS): public.pop(name) for name in list(public) if name.startswith(_FOR_HANDLERS)
    }
    settings = {"TS_DECODE_INPUT_REQUEST": str(decode_input).lower()}
    return {**public, **for_handlers, **settings, **({_METRICS: metrics_file} if metrics_file else {})}
