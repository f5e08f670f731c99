"""What a request of the management API says, in its query or in JSON. Pure."""

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
"""Parameters that are keys of model-config.yaml, and their least values."""

_OF_REGISTRATION = ("url", "model_name", "handler", "initial_workers", *_SETTINGS, "synchronous")
_OF_SCALING = ("min_worker", "max_worker", "synchronous")
_OF_LISTS = ("limit", "next_page_token")
_OF_DESCRIPTION = ("customized",)

_MOST_MODELS = 1000
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Registration:
    """An archive that is to become a model.

    Attributes:
        url: name of its file in the model store.
        model_name: the model's name; as the archive says when None.
        handler: the handler; as the archive says when None.
        initial_workers: how many workers it begins with; as the archive says when None, else none.
        overrides: keys of model-config.yaml, which go before those of the archive.
        synchronous: whether the answer waits for the workers.
    """

    url: str
    model_name: str | None = None
    handler: str | None = None
    initial_workers: int | None = None
    overrides: Mapping[str, int] = field(default_factory=dict)
    synchronous: bool = True

    def settings(self, of_archive: WorkerSettings, *, configured: bool) -> WorkerSettings:
        """How the workers are run.

        Args:
            of_archive: as the archive has it.
            configured: whether its configuration says how many workers there are to be.
        """
        if self.initial_workers is None:
            return of_archive if configured else replace(of_archive, min_workers=0)
        most = max(self.initial_workers, of_archive.max_workers if configured else 0)
        return replace(of_archive, min_workers=self.initial_workers, max_workers=most)


@dataclass(frozen=True)
class Scaling:
    """How many workers a model is to have.

    Attributes:
        least: so many are started now.
        most: to which it may grow.
        synchronous: whether the answer waits for them.
    """

    least: int
    most: int
    synchronous: bool = False


def read_registration(values: Mapping[str, Any]) -> Registration:
    """Read the parameters of a registration.

    Raises:
        InvalidRequest: there is no url, a value is not what it should be, or a parameter is misspelt.
    """
    _refuse_misspelt(values, _OF_REGISTRATION)
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
    """Read the parameters of scaling; one worker where none is named, and no more than `min_worker` at most.

    Raises:
        InvalidRequest: a value is not what it should be, the most is less than the least, or a parameter is misspelt.
    """
    _refuse_misspelt(values, _OF_SCALING)
    least = _count(values, "min_worker", 0)
    least = 1 if least is None else least
    most = _count(values, "max_worker", 0)
    most = least if most is None else most
    if most < least:
        raise InvalidRequest("max_worker cannot be less than min_worker.")
    return Scaling(least, most, _flag(values, "synchronous"))


def read_page(values: Mapping[str, Any]) -> Page:
    """Read which part of a list is wanted.

    Raises:
        InvalidRequest: `limit` or `next_page_token` is no such number, or misspelt.
    """
    _refuse_misspelt(values, _OF_LISTS)
    limit = _count(values, "limit", 1)
    start = _count(values, "next_page_token", 0)
    return Page(start or 0, min(100 if limit is None else limit, _MOST_MODELS))


def wants_own_words(values: Mapping[str, Any]) -> bool:
    """Whether the model's handler is to describe itself, too: `customized`.

    Raises:
        InvalidRequest: it is neither true nor false, or misspelt.
    """
    _refuse_misspelt(values, _OF_DESCRIPTION)
    return _flag(values, "customized")


def _refuse_misspelt(values: Mapping[str, Any], known: Sequence[str]) -> None:
    """Others that are unknown are passed over: TorchServe has some that mean nothing here, such as `s3_sse_kms`."""
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
