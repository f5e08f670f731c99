"""The bearer token that clients must send, if the server has one."""

import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from transformermodel_api.errors import UserError

ENVIRONMENT_VARIABLE = "TRANSFORMERMODEL_TOKEN"
MANAGEMENT_VARIABLE = "TRANSFORMERMODEL_MANAGEMENT_TOKEN"

_SCHEME = "bearer "


class Token:
    """A secret, compared in constant time and never printed."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def in_header(self, authorization: str | None) -> bool:
        """Whether the value of a header `Authorization` contains the token."""
        value = authorization or ""
        secret = value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else ""
        return hmac.compare_digest(secret.encode(errors="surrogateescape"), self._secret)


def read_token(
    file: Path | None,
    environment: Mapping[str, str] = os.environ,
    variable: str = ENVIRONMENT_VARIABLE,
    flag: str = "--token-file",
) -> Token | None:
    """Read the token from a file, else from the environment; None if there is neither.

    Args:
        file: the file that the flag names.
        environment: the process's environment.
        variable: the variable that may contain the token.
        flag: the flag, for error messages.

    Raises:
        UserError: the file cannot be read, or the token is empty.
    """
    if file is None:
        secret, origin = environment.get(variable), variable
    else:
        origin = str(file)
        try:
            secret = file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UserError(f"{flag} {file} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UserError(f"{flag} {file} cannot be read: byte {error.start} is not UTF-8 text") from error
    if secret is None:
        return None
    if not secret.strip():
        raise UserError(f"{origin} holds no token: write one into it, or leave it out")
    return Token(secret.strip())
