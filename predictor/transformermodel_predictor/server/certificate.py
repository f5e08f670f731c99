"""The TLS certificate and its key: looked at before anything heavy begins, and again whenever they were renewed."""

import logging
import ssl
from pathlib import Path

from transformermodel_api.errors import UserError

_log = logging.getLogger(__name__)


class KeyPair:
    """The files of a certificate and its key, as a handshake finds them. Looking costs two calls of stat(2).

    Args:
        certificate: PEM file of the certificate and its chain.
        key: PEM file of its private key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._state = self._look()

    def renewed(self) -> bool:
        """Whether the files have changed since the last call, to a pair that can be used.

        One that cannot be used, as between the writing of its two files, is told and passed over.
        """
        state = self._look()
        if state is None or state == self._state:
            return False
        self._state = state
        try:
            require_key_pair(*self._files)
        except UserError as error:
            _log.warning("the TLS certificate stays as it was: %s", error)
            return False
        return True

    def context(self) -> ssl.SSLContext:
        """The settings of a server that shows the pair as it is now."""
        certificate, key = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def pem(self) -> tuple[bytes, bytes]:
        """The key and the certificate as they are now."""
        certificate, key = self._files
        return key.read_bytes(), certificate.read_bytes()

    def _look(self) -> tuple[tuple[int, int], ...] | None:
        """What changes with the files; None where one is missing."""
        try:
            found = [file.stat() for file in self._files]
        except OSError:
            return None
        return tuple((status.st_ino, status.st_mtime_ns) for status in found)


def show_renewed(context: ssl.SSLContext, pair: KeyPair) -> None:
    """Let each handshake of a server show the pair as it is then; connections that are open stay as they are."""
    newest = context

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal newest
        if pair.renewed():
            newest = pair.context()
        connection.context = newest

    context.sni_callback = choose  # comes with every handshake, also without a name


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
