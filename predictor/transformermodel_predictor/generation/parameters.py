"""Generation parameters: a model's defaults, overridden by the request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.tasks.parameters import Parameter, flag, number, refuse_unknown, texts, whole
from transformermodel_predictor.tasks.task import InvalidParameter

_MOST = 1_000_000
_MOST_STOPS = 16
_LONGEST_STOP = 256

_SEEDS = 2**63
"""Number of seeds; they wrap around."""

PARAMETERS = (
    Parameter("max_new_tokens", whole(1, _MOST), None, "most tokens to generate"),
    Parameter("min_new_tokens", whole(0, _MOST), None, "the model's end of text is ignored before so many"),
    Parameter("do_sample", flag(), None, "whether to sample tokens instead of taking the likeliest"),
    Parameter("temperature", number(0, 100), None, "the logits are divided by it before sampling; 0 is greedy"),
    Parameter("top_p", number(0, 1), None, "sample from the likeliest tokens that together have this probability"),
    Parameter("top_k", whole(0, _MOST), None, "sample from so many of the likeliest tokens; 0 is all"),
    Parameter("repetition_penalty", number(0.01, 100), None, "above 1 makes tokens that have occurred less likely"),
    Parameter("seed", whole(0, _SEEDS - 1), None, "the same seed gives the same text; random when not given"),
    Parameter("stop", texts(), None, "generation ends at these texts, which are left out of the answer"),
    Parameter("return_full_text", flag(), None, "whether the answer begins with the prompt"),
)
"""The parameters of a request. Absent ones have the model's defaults."""

_ALIASES = {
    "sample": "do_sample",
    "max_tokens": "max_new_tokens",
    "max_completion_tokens": "max_new_tokens",
    "min_tokens": "min_new_tokens",
}
"""Names in the resource and in OpenAI's and Triton's clients, to transformers' names."""

PARAMETER_NAMES = (*(parameter.name for parameter in PARAMETERS), *_ALIASES)
"""All names of parameters that a request may have."""

_KINDS = {parameter.name: parameter.kind for parameter in PARAMETERS}

_SAMPLING = frozenset({"temperature", "top_p", "top_k", "seed"})


@dataclass(frozen=True)
class GenerationParameters(GenerationDefaults):
    """All parameters that decide how one text is generated.

    Attributes:
        min_new_tokens: no end-of-sequence token is generated before this number of tokens.
        seed: the same seed gives the same text, whatever else is in the batch; random when None.
    """

    min_new_tokens: int = 0
    seed: int | None = None

    def of_choice(self, number: int) -> Self:
        """The parameters of the n-th of several answers to one prompt: each has a seed derived from the request's."""
        return self if self.seed is None else replace(self, seed=(self.seed + number) % _SEEDS)


def read_parameters(given: Mapping[str, Any], defaults: GenerationDefaults) -> GenerationParameters:
    """Parse a request's parameters, over the model's defaults.

    A request with a temperature, top_k, top_p or seed means sampling unless it sets `do_sample`; temperature 0 means
    greedy.

    Raises:
        InvalidParameter: a parameter is unknown, of the wrong type or out of range, or two aliases of one contradict
            each other; the message uses the client's names.
    """
    values = _without_aliases(given)
    _require_stops(values.get("stop", ()))
    if "do_sample" not in values and not values.keys().isdisjoint(_SAMPLING):
        values["do_sample"] = True
    if values.get("temperature") == 0:
        values |= {"do_sample": False, "temperature": 1.0}
    inherited = {field.name: getattr(defaults, field.name) for field in fields(GenerationDefaults)}
    return replace(GenerationParameters(**inherited), **values)


def _without_aliases(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parsed values by transformers' names; errors use the client's names."""
    refuse_unknown("parameter", given, PARAMETER_NAMES)
    values: dict[str, Any] = {}
    client_names: dict[str, str] = {}
    for client_name, raw in given.items():
        if raw is None:
            continue
        name = _ALIASES.get(client_name, client_name)
        value = _KINDS[name].read(client_name, raw)
        first = client_names.setdefault(name, client_name)
        if values.setdefault(name, value) != value:
            raise InvalidParameter(f"{first} and {client_name} say the same; leave one out", field=client_name)
    return values


def _require_stops(stops: tuple[str, ...]) -> None:
    if len(stops) > _MOST_STOPS or not all(1 <= len(stop) <= _LONGEST_STOP for stop in stops):
        raise InvalidParameter(
            f"stop may have {_MOST_STOPS} strings, each of 1 to {_LONGEST_STOP} characters", field="stop"
        )
