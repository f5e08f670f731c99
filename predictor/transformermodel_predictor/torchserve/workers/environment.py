"""The environment of a handler's process."""

import re
from collections.abc import Mapping

_SECRET = re.compile(
    r"TRANSFORMERMODEL_(MANAGEMENT_)?TOKEN"  # of our own server
    r"|HF_TOKEN(_PATH)?|HUGGING_?FACE_?HUB_TOKEN"  # of the Hub
    r"|(AWS|AZURE|GOOGLE|GCS|GCP|S3|STORAGE|FSSPEC)_\w*"
    r"(KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL|CONNECTION_STRING|IDENTITY)\w*",  # of storage
    re.IGNORECASE,
)
"""What the server reads models with; handlers are other people's programs."""

_FOR_HANDLERS = "TRANSFORMERMODEL_HANDLER_"
"""Stands before the name of a variable that is meant for handlers, whatever it is."""

_METRICS = "TS_METRICS_CONFIG"
"""Names the handler's metrics: for the settings to say, which know whether the environment may."""


def worker_environment(
    server: Mapping[str, str], decode_input: bool, metrics_file: str | None = None
) -> dict[str, str]:
    """What a worker gets of the server's environment: all but the credentials of storage, of the Hub and of our own.

    A variable with TRANSFORMERMODEL_HANDLER_ before its name is given to it under the name that follows.

    Args:
        server: the server's own.
        decode_input: told to handlers that read rows themselves, by TorchServe's variable.
        metrics_file: names the handler's metrics, where the server's configuration says so.
    """
    kept = {name: value for name, value in server.items() if not _SECRET.fullmatch(name) and name != _METRICS}
    meant = {name.removeprefix(_FOR_HANDLERS): kept.pop(name) for name in list(kept) if name.startswith(_FOR_HANDLERS)}
    told = {"TS_DECODE_INPUT_REQUEST": str(decode_input).lower()}
    return {**kept, **meant, **told, **({_METRICS: metrics_file} if metrics_file else {})}
