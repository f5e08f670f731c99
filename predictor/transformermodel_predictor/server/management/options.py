"""What the user can say about the management API. Imports nothing heavy."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from transformermodel_api.errors import UserError
from transformermodel_predictor.server.address import listen
from transformermodel_predictor.server.token import MANAGEMENT_VARIABLE, Token, read_token

HOST = "127.0.0.1"
"""The only address: who registers a model runs code here."""


@dataclass(frozen=True)
class ManagementOptions:
    """How the server is managed while it runs.

    Attributes:
        port: where the management API listens, on loopback; 0 takes a free one.
        token: what its clients must send; another than that of those who ask models.
        model_store: the folder whose archives may be registered; none when None.
        installs_requirements: whether what they require is installed.
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
        """What the flags say; None where no port is named.

        Raises:
            UserError: there is a port and no token, or a store and no port.
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
        """Find out early whether the management API could begin.

        Raises:
            UserError: the model store is no folder.
        """
        if self.model_store is not None and not self.model_store.is_dir():
            raise UserError(f"--model-store {self.model_store} is not a directory")

    def listen(self) -> socket.socket:
        """A socket that listens on loopback.

        Raises:
            UserError: the port cannot be had.
        """
        return listen(HOST, self.port, "--management-port")
