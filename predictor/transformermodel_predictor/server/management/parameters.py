"""Reads the parameters of the management API's requests, from the query or a JSON body. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.members import refuse_misspelt
from transformermodel_predictor.server.management.description import Page
from transformermodel_predictor.torchserve.model_name import RULE, is_model_name
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

_SETTINGS = {
    "batch_size": ("batchSize", 1),
    "max_batch_delay": ("maxBatchDelay", 0),
    "response_timeout": ("responseTimeout", 1),
    "startup_timeout": ("startupTimeout", 1),
}
"""Parameters that override a key of model-config.yaml: the key, and the smallest value."""

_REGISTRATION_PARAMETERS = ("url", "model_name", "handler", "initial_workers", *_SETTINGS, "synchronous")
_SCALING_PARAMETERS = ("min_worker", "max_worker", "synchronous")
_LIST_PARAMETERS = ("limit", "next_page_token")
_DESCRIPTION_PARAMETERS = ("customized",)

_MOST_MODELS = 1000
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Registration:
    """A request to register an archive as a model.

    Attributes:
        url: name of the archive in the model store.
        model_name: the model's name; the archive's own when None.
        handler: the handler; the archive's own when None.
        initial_workers: number of workers at first; when None, as the archive's configuration says, or none.
        overrides: keys of model-config.yaml that take precedence over the archive's.
        synchronous: whether the answer waits for the workers.
    """

    url: str
    model_name: str | None = None
    handler: str | None = None
    initial_workers: int | None = None
    overrides: Mapping[str, int] = field(default_factory=dict)
    synchronous: bool = True

    def apply_to(self, settings: WorkerSettings, *, configured: bool) -> WorkerSettings:
        """The archive's settings with the requested number of workers.

        Args:
            settings: the archive's.
            configured: whether the archive's configuration sets the number of workers.
        """
        if self.initial_workers is None:
            return settings if configured else replace(settings, min_workers=0)
        most = max(self.initial_workers, settings.max_workers if configured else 0)
        return replace(settings, min_workers=self.initial_workers, max_workers=most)


@dataclass(frozen=True)
class Scaling:
    """A request to change the number of a model's workers.

    Attributes:
        least: the minimum, which is started at once.
        most: the maximum.
        synchronous: whether the answer waits for the workers.
    """

    least: int
    most: int
    synchronous: bool = False


def read_registration(values: Mapping[str, Any]) -> Registration:
    """Read the parameters of a registration.

    Raises:
        InvalidRequest: the url is missing, a value is invalid, or a parameter is misspelt.
    """
    _refuse_misspelt(values, _REGISTRATION_PARAMETERS)
    url = _text(values, "url")
    if not url:
        raise InvalidRequest("Parameter url is required.")
    counts = {key: _count(values, name, least) for name, (key, least) in _SETTINGS.items()}
    return Registration(
        url=url,
        model_name=_name(values),
        handler=_text(values, "handler"),
        initial_workers=_count(values, "initial_workers", 0),
        overrides={key: count for key, count in counts.items() if count is not None},
        synchronous=_flag(values, "synchronous", default=True),
    )


def read_scaling(values: Mapping[str, Any]) -> Scaling:
    """Read the parameters of scaling; `min_worker` defaults to 1, and `max_worker` to `min_worker`.

    Raises:
        InvalidRequest: a value is invalid, `max_worker` is less than `min_worker`, or a parameter is misspelt.
    """
    _refuse_misspelt(values, _SCALING_PARAMETERS)
    least = _count(values, "min_worker", 0)
    least = 1 if least is None else least
    most = _count(values, "max_worker", 0)
    most = least if most is None else most
    if most < least:
        raise InvalidRequest("max_worker cannot be less than min_worker.")
    return Scaling(least, most, _flag(values, "synchronous"))


def read_page(values: Mapping[str, Any]) -> Page:
    """Read the parameters of listing models.

    Raises:
        InvalidRequest: `limit` or `next_page_token` is not a valid number, or misspelt.
    """
    _refuse_misspelt(values, _LIST_PARAMETERS)
    limit = _count(values, "limit", 1)
    start = _count(values, "next_page_token", 0)
    return Page(start or 0, min(100 if limit is None else limit, _MOST_MODELS))


def wants_customized(values: Mapping[str, Any]) -> bool:
    """Whether the model's handler should add its own description: the parameter `customized`.

    Raises:
        InvalidRequest: the value is neither true nor false, or the parameter is misspelt.
    """
    _refuse_misspelt(values, _DESCRIPTION_PARAMETERS)
    return _flag(values, "customized")


def _refuse_misspelt(values: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse misspelt parameters; other unknown ones pass, as some of TorchServe's have no use here (`s3_sse_kms`)."""
    refuse_misspelt(values, known, "there is no parameter")


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a text")
    return value


def _name(values: Mapping[str, Any]) -> str | None:
    name = _text(values, "model_name")
    if name is not None and not is_model_name(name):
        raise InvalidRequest(f"Parameter model_name must be {RULE}: {name!r} is not.")
    return name


def _count(values: Mapping[str, Any], name: str, least: int) -> int | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or int(text) < least:
        raise InvalidRequest(f"{name} must be a whole number from {least}; it is {text[:20]!r}")
    return int(text)


def _flag(values: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = values.get(name, default)
    read = value if isinstance(value, bool) else _BOOLEANS.get(str(value).lower())
    if read is None:
        raise InvalidRequest(f"{name} must be true or false")
    return read
