"""The parameters of an explanation request. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from transformermodel_api.explanations import ExplanationLimits, Explanations
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import GRADIENT_METHODS, Baseline, Method, Options
from transformermodel_predictor.tasks.parameters import Kind, Parameter, choice, number, read_parameters, whole
from transformermodel_predictor.tasks.task import InvalidParameter, InvalidQuestion

_LARGEST_SEED = 2**63 - 1

_SHARED = {TaskName.TextGeneration: frozenset({"seed"})}
"""Parameters that the task reads, too: one seed for the generated text and the samples."""


@dataclass(frozen=True)
class OptionLimits:
    """Limits on the cost of one explanation.

    Attributes:
        steps: largest number of interpolation steps.
        samples: largest number of samples.
    """

    steps: int = 1000
    samples: int = 1000

    @classmethod
    def of(cls, limits: ExplanationLimits) -> Self:
        """The limits in spec.predictor.explanations.limits."""
        return cls(limits.steps, limits.samples)


@dataclass(frozen=True)
class ExplanationRequest:
    """A parsed explanation request.

    Attributes:
        method_options: the options of each requested method, in order; at least one.
        target: what to explain, as the client sent it; None for the task's default.
        parameters: the remaining parameters, which the task reads.
    """

    method_options: tuple[Options, ...]
    target: object
    parameters: Mapping[str, Any]


def explanation_parameters(defaults: Options, limits: OptionLimits) -> tuple[Parameter, ...]:
    """The parameters of explanations, for parsing and for the reference documentation."""
    steps = whole(1, limits.steps)
    return (
        Parameter("method", _METHOD, defaults.method, "how importance is computed"),
        Parameter("methods", _METHODS, None, "several methods instead of one, to compare them"),
        Parameter("target", _ANYTHING, None, "what is explained; the answer itself when not given"),
        Parameter("baseline", choice(Baseline), defaults.baseline, "what replaces a token that is taken away"),
        Parameter("steps", steps, None, f"interpolation steps to begin with; {defaults.steps} when not given"),
        Parameter(
            "max_steps",
            steps,
            None,
            f"most steps: they grow while the delta is over the tolerance; {defaults.most_steps} when not given",
        ),
        Parameter(
            "tolerance", number(0, 1), defaults.tolerance, "largest delta, as a share of the change that is explained"
        ),
        Parameter(
            "samples",
            whole(1, limits.samples),
            defaults.samples,
            "permutations or evaluations, for methods that sample",
        ),
        Parameter("seed", whole(0, _LARGEST_SEED), defaults.seed, "the same seed gives the same samples"),
    )


def read_request(
    task: TaskName, given: Mapping[str, Any], defaults: Options | None = None, limits: OptionLimits | None = None
) -> ExplanationRequest:
    """Parse the explanation parameters of a request; the others are left to the task.

    Args:
        task: the model's.
        given: the request's parameters.
        defaults: of absent parameters; the task's own when None.
        limits: the server's; the built-in ones when None.

    Raises:
        InvalidQuestion: a value has the wrong type or exceeds a limit, or values contradict each other.
    """
    defaults = defaults or Options.of(Explanations(), task)
    known = explanation_parameters(defaults, limits or OptionLimits())
    names = {parameter.name for parameter in known}
    values = read_parameters({name: value for name, value in given.items() if name in names}, known)
    target, steps, most_steps = values.pop("target"), values.pop("steps"), values.pop("max_steps")
    begin, end = _steps(steps, most_steps, defaults)
    method_options = tuple(
        replace(defaults, **{**values, "method": method}, steps=begin, most_steps=end)
        for method in _methods(values.pop("methods"), values.pop("method"), named=given.get("method") is not None)
    )
    for options in method_options:
        _require_baseline(options)
    own = _SHARED.get(task, frozenset())
    return ExplanationRequest(
        method_options=method_options,
        target=target,
        parameters={name: value for name, value in given.items() if name not in names or name in own},
    )


def _methods(several: tuple[Method, ...] | None, one: Method, *, named: bool) -> tuple[Method, ...]:
    """The methods to explain by: `methods`, else `method`."""
    if several is not None and named:
        raise InvalidParameter("only one of method and methods may be given", field="methods")
    return several or (one,)


def _steps(steps: int | None, most_steps: int | None, defaults: Options) -> tuple[int, int]:
    """Initial and largest number of steps; a default yields to the one that was given."""
    if steps is not None and most_steps is not None and steps > most_steps:
        raise InvalidQuestion(f"max_steps must be at least steps, which is {steps}")
    begin = steps or min(defaults.steps, most_steps or defaults.steps)
    return begin, most_steps or max(begin, defaults.most_steps)


def _require_baseline(options: Options) -> None:
    if options.lacks_token:
        raise InvalidQuestion(
            f"baseline zero is not a token, and {options.method} needs one: use pad or mask, or one of the methods "
            f"{', '.join(sorted(GRADIENT_METHODS))}"
        )


def _read_methods(name: str, value: object) -> tuple[Method, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names or not all(isinstance(one, str) for one in names):
        raise InvalidParameter(f"{name} must be names of methods: {_METHODS.description}", field=name)
    if not {one.strip() for one in names} <= set(Method):
        raise InvalidParameter(f"each of {name} must be {_METHOD.description}", field=name)
    return tuple(dict.fromkeys(Method(one.strip()) for one in names))


_METHOD = choice(Method)

_METHODS = Kind("a list, or a text with commas between them", _read_methods)

_ANYTHING = Kind("as the task has it", lambda _, value: value)

PARAMETER_NAMES = tuple(parameter.name for parameter in explanation_parameters(Options(), OptionLimits()))
"""Names of the parameters of an explanation request."""
