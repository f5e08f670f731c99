"""How a text is to be generated: a model's defaults, and what a request says otherwise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from transformermodel_predictor.artifact.generation import GenerationDefaults
from transformermodel_predictor.tasks.parameters import Parameter, flag, number, texts, whole
from transformermodel_predictor.tasks.parameters import read_parameters as read_known
from transformermodel_predictor.tasks.task import InvalidQuestion

_MOST = 1_000_000
_MOST_STOPS = 16
_LONGEST_STOP = 256

PARAMETERS = (
    Parameter("max_new_tokens", whole(1, _MOST), None, "most tokens that follow the prompt"),
    Parameter("min_new_tokens", whole(0, _MOST), None, "before so many tokens the model's own end is not taken"),
    Parameter("do_sample", flag(), None, "whether tokens are drawn at random instead of the likeliest"),
    Parameter("temperature", number(0, 100), None, "divides the logits before sampling; 0 is greedy"),
    Parameter("top_p", number(0, 1), None, "share of the probability that is sampled from"),
    Parameter("top_k", whole(0, _MOST), None, "number of tokens that are sampled from; 0 is all"),
    Parameter("repetition_penalty", number(0.01, 100), None, "above 1 makes tokens less likely that were there"),
    Parameter("seed", whole(0, 2**63 - 1), None, "the same seed gives the same text; at random where there is none"),
    Parameter("stop", texts(), None, "texts at which generation ends; they are not part of the answer"),
    Parameter("return_full_text", flag(), None, "whether the prompt is part of the answer"),
)
"""What a request may say. None of them has a default of its own: the model's holds."""

_ALIASES = {"sample": "do_sample"}
"""The resource's name of what transformers calls do_sample."""

PARAMETER_NAMES = (*(parameter.name for parameter in PARAMETERS), *_ALIASES)
"""All that a request may say, by each of its names."""

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


_KINDS = {parameter.name: parameter.kind for parameter in PARAMETERS}


def read_value(name: str, value: object, called: str) -> Any:  # noqa: ANN401 - of the parameter's kind
    """The value of one parameter, which a protocol's clients call otherwise.

    Raises:
        InvalidQuestion: it is of the wrong type, or out of its range; the text has the clients' name.
    """
    return _KINDS[name].read(called, value)


def read_parameters(given: Mapping[str, Any], defaults: GenerationDefaults) -> GenerationParameters:
    """What a request says, over the model's defaults.

    A request that names a temperature, top_k, top_p or seed wants sampling, unless it also says `do_sample`; with the
    temperature 0 it is greedy.

    Raises:
        InvalidQuestion: a parameter is unknown, of the wrong type, or out of its range.
    """
    known = read_known({_ALIASES.get(name, name): value for name, value in given.items()}, PARAMETERS)
    said = {name: value for name, value in known.items() if value is not None}
    _require_stops(said.get("stop", ()))
    if "do_sample" not in said and not said.keys().isdisjoint(_SAMPLING):
        said["do_sample"] = True
    if said.get("temperature") == 0:
        said |= {"do_sample": False, "temperature": 1.0}
    own = {field.name: getattr(defaults, field.name) for field in fields(GenerationDefaults)}
    return replace(GenerationParameters(**own), **said)


def _require_stops(stops: tuple[str, ...]) -> None:
    if len(stops) > _MOST_STOPS or not all(1 <= len(stop) <= _LONGEST_STOP for stop in stops):
        raise InvalidQuestion(
            f"stop may have {_MOST_STOPS} strings, each of 1 to {_LONGEST_STOP} characters", field="stop"
        )
