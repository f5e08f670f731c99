"""The node's certificate authority and the kubeconfigs of those it vouches for."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

_DAYS = "30"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class Certificate:
    """Paths of a certificate and its key, PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A certificate authority for one run; lives in a folder that only root reads."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """Certificate by which others are checked."""
        return self.folder / "ca.crt"

    @property
    def key(self) -> Path:
        """Key with which others are signed."""
        return self.folder / "ca.key"

    @property
    def service_account_key(self) -> Path:
        """Key with which the tokens of service accounts are signed and checked."""
        return self.folder / "service-accounts.key"

    def create(self) -> None:
        """Make the authority's certificate and the key for tokens."""
        self.folder.chmod(0o700)
        out = ("-keyout", self.key, "-out", self.certificate)
        _openssl("req", "-x509", *_NEW_KEY, *out, "-subj", "/CN=transformermodel-tests", "-days", _DAYS)
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.service_account_key)

    def issue(self, name: str, subject: str, alternative_names: tuple[str, ...] = ()) -> Certificate:
        """Make a certificate for a server or a client.

        Args:
            name: file name without ending.
            subject: OpenSSL's form; for a client CN is the user and O the group.
            alternative_names: a server's names, such as IP:198.18.0.1.
        """
        issued = Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        extensions = ["extendedKeyUsage=serverAuth,clientAuth", "basicConstraints=critical,CA:FALSE"]
        if alternative_names:
            extensions.append(f"subjectAltName={','.join(alternative_names)}")
        signed_by = ("-CA", self.certificate, "-CAkey", self.key, "-days", _DAYS, "-subj", subject)
        out = ("-keyout", issued.key, "-out", issued.certificate)
        _openssl(
            "req", "-x509", *_NEW_KEY, *out, *signed_by, *(part for text in extensions for part in ("-addext", text))
        )
        return issued

    def write_kubeconfig(self, path: Path, server: str, user: Certificate) -> None:
        """Write a kubeconfig by which a certificate's owner reaches the API server."""
        cluster = {"server": server, "certificate-authority": str(self.certificate)}
        credentials = {"client-certificate": str(user.certificate), "client-key": str(user.key)}
        context = {"cluster": "node", "user": "user", "namespace": "default"}
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "node",
                    "clusters": [{"name": "node", "cluster": cluster}],
                    "users": [{"name": "user", "user": credentials}],
                    "contexts": [{"name": "node", "context": context}],
                }
            )
        )
