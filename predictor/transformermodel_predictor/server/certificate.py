"""The TLS certificate and its key: checked at start, and reloaded when they are renewed."""

import logging
import ssl
from pathlib import Path

from transformermodel_api.errors import UserError

_log = logging.getLogger(__name__)


class KeyPair:
    """The files of a certificate and its key. Checking them for changes costs two calls of stat(2).

    Args:
        certificate: PEM file of the certificate and its chain.
        key: PEM file of its private key.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._state = self._stat()

    def renewed(self) -> bool:
        """Whether the files have changed since the last call, and are a valid pair.

        An invalid pair, as when only one of the files has been replaced yet, is logged and ignored.
        """
        state = self._stat()
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
        """A TLS context with the current pair."""
        certificate, key = self._files
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def pem(self) -> tuple[bytes, bytes]:
        """The current key and certificate, in PEM."""
        certificate, key = self._files
        return key.read_bytes(), certificate.read_bytes()

    def _stat(self) -> tuple[tuple[int, int], ...] | None:
        """Inode and modification time of each file; None if one is missing."""
        try:
            statuses = [file.stat() for file in self._files]
        except OSError:
            return None
        return tuple((status.st_ino, status.st_mtime_ns) for status in statuses)


def use_renewed(context: ssl.SSLContext, pair: KeyPair) -> None:
    """Let new handshakes of a server use the pair once it is renewed; open connections keep theirs."""
    newest = context

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal newest
        if pair.renewed():
            newest = pair.context()
        connection.context = newest

    context.sni_callback = choose  # called in every handshake, even without a server name


def require_key_pair(certificate: Path | None, key: Path | None) -> None:
    """Refuse files that TLS cannot use.

    Raises:
        UserError: a file is not given or cannot be read, or the key does not match the certificate.
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
