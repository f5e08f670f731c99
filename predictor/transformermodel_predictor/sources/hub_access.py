"""The hub's endpoint and the token to use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from huggingface_hub import constants, get_token

ENDPOINT_VARIABLES = ("TRANSFORMERMODEL_HUB_ENDPOINT", "HF_ENDPOINT")
TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105 - the variable's name
OFFLINE_VARIABLE = "HF_HUB_OFFLINE"
_LIBRARY = "transformermodel"
_YES = frozenset({"1", "ON", "YES", "TRUE"})


@dataclass(frozen=True)
class HubAccess:
    """A hub and a token; the token is never shown.

    Attributes:
        endpoint: address of the hub, without a slash at the end.
        token: None for anonymous requests.
        offline: whether no request may be made.
    """

    endpoint: str = field(repr=False)
    token: str | None = field(repr=False)
    offline: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "HubAccess":
        """Read the environment as it is now: huggingface_hub itself reads it only when it is first imported.

        Without HF_TOKEN the login that huggingface_hub has stored for this user is taken.
        """
        given = (environment.get(name) for name in ENDPOINT_VARIABLES)
        endpoint = next((value for value in given if value), constants.ENDPOINT)
        token = environment.get(TOKEN_VARIABLE, "").strip()  # secrets made from files often end with a newline
        offline = environment.get(OFFLINE_VARIABLE, "").upper() in _YES
        return cls(endpoint.rstrip("/"), token or get_token(), offline)

    @property
    def shown(self) -> str:
        """The endpoint for messages, without user and password."""
        parts = urlsplit(self.endpoint)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    def headers(self) -> dict[str, str]:
        """Headers of a request; files are requested without content encoding."""
        authorization = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**authorization, "User-Agent": _LIBRARY, "Accept-Encoding": "identity"}
