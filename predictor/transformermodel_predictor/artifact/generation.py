"""Default generation parameters of a model: `handler.generation` in model-config.yaml."""

from dataclasses import asdict, dataclass
from typing import Any

from transformermodel_predictor.artifact.sections import Section


@dataclass(frozen=True)
class GenerationDefaults:
    """Generation parameters, with transformers' names. Greedy unless `do_sample`.

    Attributes:
        max_new_tokens: largest number of tokens to generate per prompt.
        do_sample: whether to sample tokens instead of taking the most likely.
        temperature: divides the logits before sampling.
        top_p: probability of the top tokens to sample from.
        top_k: number of top tokens to sample from; 0 is all.
        repetition_penalty: above 1 makes tokens that occurred before less likely.
        stop: texts at which generation ends.
        return_full_text: whether the prompt is part of the answer.
    """

    max_new_tokens: int = 20
    do_sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    return_full_text: bool = False

    def section(self) -> dict[str, Any]:
        """The content of `handler.generation`."""
        return {**asdict(self), "stop": list(self.stop)}


def read_generation(section: Section) -> GenerationDefaults:
    """Read `handler.generation`; keys that are absent have the defaults of `GenerationDefaults`.

    The temperature 0 is greedy, as in a request.

    Raises:
        ValueError: a key is unknown, or its value has the wrong type or is out of its range.
    """
    default = GenerationDefaults()
    section.require_known(*asdict(default))
    most, top_k = section.whole("max_new_tokens", least=1), section.whole("top_k")
    temperature, top_p = section.number("temperature"), section.number("top_p", most=1.0)
    penalty = section.number("repetition_penalty")
    if penalty == 0:
        raise section.wrong("repetition_penalty", "more than 0")
    return GenerationDefaults(
        max_new_tokens=default.max_new_tokens if most is None else most,
        do_sample=section.flag("do_sample") and temperature != 0,
        temperature=temperature or default.temperature,
        top_p=default.top_p if top_p is None else top_p,
        top_k=default.top_k if top_k is None else top_k,
        repetition_penalty=default.repetition_penalty if penalty is None else penalty,
        stop=section.texts("stop"),
        return_full_text=section.flag("return_full_text"),
    )


def generation_of_torchserve(max_length: int) -> GenerationDefaults:
    """The parameters of a configuration without `handler.generation`: those built into TorchServe's handler."""
    return GenerationDefaults(max_new_tokens=max_length, do_sample=True, top_p=0.95, top_k=60, return_full_text=True)
