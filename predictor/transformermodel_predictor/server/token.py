"""The bearer token that clients must send where the server has one."""

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
        """Whether a header `Authorization` carries the token."""
        given = authorization or ""
        secret = given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
        return hmac.compare_digest(secret.encode(errors="surrogateescape"), self._secret)


def read_token(
    file: Path | None,
    environment: Mapping[str, str] = os.environ,
    variable: str = ENVIRONMENT_VARIABLE,
    flag: str = "--token-file",
) -> Token | None:
    """The token in a file, else that in the environment; None where there is neither.

    Args:
        file: what the flag names.
        environment: the process's.
        variable: which of it holds the token.
        flag: what the user calls the file.

    Raises:
        UserError: the file cannot be read, or what is there is empty.
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
