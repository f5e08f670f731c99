"""The TLS certificate and its key, looked at before anything heavy begins."""

import ssl
from pathlib import Path

from transformermodel_api.errors import UserError


def require_key_pair(certificate: Path | None, key: Path | None) -> None:
    """Refuse what TLS cannot begin with.

    Raises:
        UserError: one of the files is not given or cannot be read, or they do not belong together.
    """
    if certificate is None or key is None:
        raise UserError("TLS needs two files: give both --ssl-certfile and --ssl-keyfile")
    for flag, file in (("--ssl-certfile", certificate), ("--ssl-keyfile", key)):
        if not file.is_file():
            raise UserError(f"{flag} {file} is not a file")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        raise UserError(
            f"--ssl-certfile {certificate} and --ssl-keyfile {key} are no pair of PEM files: {error}"
        ) from error
