"""How a text is to be generated: a model's defaults, and what a request says otherwise. Pure."""

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
"""How many there are; the last one is followed by the first."""

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
"""What a request may say. None of them has a default of its own: the model's holds."""

_ALIASES = {
    "sample": "do_sample",
    "max_tokens": "max_new_tokens",
    "max_completion_tokens": "max_new_tokens",
    "min_tokens": "min_new_tokens",
}
"""The resource's name, and those of OpenAI's and Triton's clients, of what transformers calls otherwise."""

PARAMETER_NAMES = (*(parameter.name for parameter in PARAMETERS), *_ALIASES)
"""All that a request may say, by each of its names."""

_KINDS = {parameter.name: parameter.kind for parameter in PARAMETERS}

_SAMPLING = frozenset({"temperature", "top_p", "top_k", "seed"})


@dataclass(frozen=True)
class GenerationParameters(GenerationDefaults):
    """All that decides how one text is generated.

    Attributes:
        min_new_tokens: before so many tokens the model's own end is not taken for one.
        seed: the same seed gives the same text, whatever else is generated meanwhile; at random when None.
    """

    min_new_tokens: int = 0
    seed: int | None = None

    def of_choice(self, number: int) -> Self:
        """Those of one of several answers to a question: a seed gives each of them one of its own."""
        return self if self.seed is None else replace(self, seed=(self.seed + number) % _SEEDS)


def read_parameters(given: Mapping[str, Any], defaults: GenerationDefaults) -> GenerationParameters:
    """What a request says, over the model's defaults.

    A request that names a temperature, top_k, top_p or seed wants sampling, unless it also says `do_sample`; with the
    temperature 0 it is greedy.

    Raises:
        InvalidParameter: a parameter is unknown, of the wrong type, or out of its range, or two names of one say
            different things; the text has the names that were given.
    """
    said = _by_own_names(given)
    _require_stops(said.get("stop", ()))
    if "do_sample" not in said and not said.keys().isdisjoint(_SAMPLING):
        said["do_sample"] = True
    if said.get("temperature") == 0:
        said |= {"do_sample": False, "temperature": 1.0}
    own = {field.name: getattr(defaults, field.name) for field in fields(GenerationDefaults)}
    return replace(GenerationParameters(**own), **said)


def _by_own_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given, each called in errors as the client calls it."""
    refuse_unknown("parameter", given, PARAMETER_NAMES)
    said: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, value in given.items():
        if value is None:
            continue
        own = _ALIASES.get(name, name)
        read = _KINDS[own].read(name, value)
        first = names.setdefault(own, name)
        if said.setdefault(own, read) != read:
            raise InvalidParameter(f"{first} and {name} say the same; leave one out", field=name)
    return said


def _require_stops(stops: tuple[str, ...]) -> None:
    if len(stops) > _MOST_STOPS or not all(1 <= len(stop) <= _LONGEST_STOP for stop in stops):
        raise InvalidParameter(
            f"stop may have {_MOST_STOPS} strings, each of 1 to {_LONGEST_STOP} characters", field="stop"
        )
