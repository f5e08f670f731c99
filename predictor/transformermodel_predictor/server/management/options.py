"""The options of the management API. Imports nothing heavy."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from transformermodel_api.errors import UserError
from transformermodel_predictor.server.address import listen
from transformermodel_predictor.server.token import MANAGEMENT_VARIABLE, Token, read_token

HOST = "127.0.0.1"
"""The only address it listens on: whoever registers a model runs code on this machine."""


@dataclass(frozen=True)
class ManagementOptions:
    """The options of the management API.

    Attributes:
        port: port on loopback; 0 for any free one.
        token: the token of its clients, which is not the one for inference.
        model_store: the folder whose archives may be registered; none may when None.
        installs_requirements: whether to install the archives' requirements.
    """

    port: int
    token: Token
    model_store: Path | None = None
    installs_requirements: bool = False

    @classmethod
    def read(
        cls,
        port: int | None,
        token_file: Path | None,
        model_store: Path | None,
        environment: Mapping[str, str],
        *,
        installs_requirements: bool = False,
    ) -> Self | None:
        """The options from the command line and the environment; None if no port is given.

        Raises:
            UserError: a port is given without a token, or a store without a port.
        """
        if port is None:
            if model_store is not None:
                raise UserError("--model-store is for the management API: name its port with --management-port")
            return None
        token = read_token(token_file, environment, MANAGEMENT_VARIABLE, "--management-token-file")
        if token is None:
            raise UserError(
                "the management API runs what is registered: give it a token with --management-token-file or in "
                f"${MANAGEMENT_VARIABLE}"
            )
        return cls(port, token, model_store, installs_requirements)

    def require_usable(self) -> None:
        """Check the options before anything slow happens.

        Raises:
            UserError: the model store is not a folder.
        """
        if self.model_store is not None and not self.model_store.is_dir():
            raise UserError(f"--model-store {self.model_store} is not a directory")

    def listen(self) -> socket.socket:
        """Open a listening socket on loopback.

        Raises:
            UserError: the port is not available.
        """
        return listen(HOST, self.port, "--management-port")
