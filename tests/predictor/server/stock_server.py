"""A stock KServe ModelServer with prepared models, on loopback only: `stock_server PORT NAME=DIRECTORY...`."""

import sys
from pathlib import Path
from typing import Any

import uvicorn


class _LoopbackConfig(uvicorn.Config):
    """KServe's server has no option for the host and takes all interfaces."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "host": "127.0.0.1"})


uvicorn.Config = _LoopbackConfig  # type: ignore[misc] # before KServe's SDK takes it


def main() -> None:
    from kserve import ModelServer

    from transformermodel_predictor.server.kserve_adapter import KServeModel

    port, *arguments = sys.argv[1:]
    models = [KServeModel(name, Path(directory)) for name, _, directory in (part.partition("=") for part in arguments)]
    for model in models:
        model.load()
    ModelServer(http_port=int(port), enable_grpc=False).start(models)


if __name__ == "__main__":
    main()
