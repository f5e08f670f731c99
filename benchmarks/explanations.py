"""What integrated gradients of the sentiment example cost, beside Captum used as TorchServe's example handler uses it.

    python -m benchmarks.explanations [--runs N]

One text of 64 tokens with two threads in float32; Captum takes 50 steps on 150 tokens, most of them padding. Ours at
the same delta: steps grow until the delta is no larger than Captum's. All ways take turns in one process. Seconds are
those of its processors, so that nothing else on the machine counts, but for the rate, in which cores that wait for each
other count too: it wants a machine that does nothing else. Memory (Linux) is what an explanation of a fixed number of
steps adds to the process at most.
"""

import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from captum.attr import LayerIntegratedGradients
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.measurement import Figure
from benchmarks.report import Result, main
from benchmarks.serving.models import prepare
from benchmarks.serving.texts import make_texts
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.lockstep import run_in_lockstep
from transformermodel_predictor.explanations.methods import integrated_gradients
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.twins import twin_of
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.server.memory import giving_back_freed_memory
from transformermodel_predictor.tasks.task import Encoding, Outputs

_TEXT = (
    "The hotel was clean and the staff were friendly, but the food was cold, the lift was broken, and we waited more "
    "than an hour for a taxi that never came; still, the view over the harbour at night made up for most of it and I "
    "would go back with pleasure if they fixed the kitchen and the lift."
)
_TOKENS, _PADDED, _STEPS, _MANY_STEPS = 64, 150, 50, 1000
_TOGETHER = 16
_THREADS = 2
_TOKENS_PER_PASS = 2048


@dataclass(frozen=True)
class _Class:
    """The logit of a class."""

    number: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        return outputs["logits"][self.number]


@dataclass(frozen=True)
class _Took:
    """What one way took in each run.

    Attributes:
        processor: seconds of all processors together.
        clock: seconds that passed.
    """

    processor: tuple[float, ...]
    clock: tuple[float, ...]


class _Example:
    """The example's model, Captum on it, and its twin."""

    def __init__(self, path: Path) -> None:
        with quiet():
            self.tokenizer = AutoTokenizer.from_pretrained(path)
            self.model: Any = AutoModelForSequenceClassification.from_pretrained(path, dtype=torch.float32).eval()
        self.twin = twin_of(self.model)
        self.access = ModelAccess(baseline_tokens_of(self.tokenizer, "bert"), self.twin.embed)
        self._captum = LayerIntegratedGradients(
            lambda ids, mask: self.model(ids, mask).logits, self.model.base_model.embeddings
        )

    def target(self, text: str) -> Target:
        """The answer to a text."""
        ids = self.tokenizer(text, truncation=True, max_length=_TOKENS)["input_ids"]
        with torch.inference_mode():
            best = int(self.model(torch.tensor([ids])).logits.argmax())
        return Target("answer", Encoding({"input_ids": ids}), _Class(best), 1.0, (None, *range(len(ids) - 2), None))

    def captum(self, target: Target) -> tuple[torch.Tensor, float]:
        """Captum's values of the tokens, and its delta."""
        ids = target.encoding.features["input_ids"]
        pad = self.tokenizer.pad_token_id
        padding = [pad] * (_PADDED - len(ids))
        values, delta = self._captum.attribute(
            torch.tensor([[*ids, *padding]]),
            torch.tensor([[ids[0], *[pad] * (len(ids) - 2), ids[-1], *padding]]),
            target=target.objective.number,  # type: ignore[attr-defined]
            additional_forward_args=(torch.tensor([[1] * len(ids) + [0] * len(padding)]),),
            n_steps=_STEPS,
            return_convergence_delta=True,
        )
        return values.sum(dim=2)[0, : len(ids)], float(delta)

    def explain(self, targets: Sequence[Target], options: Options) -> list[Attribution]:
        """Ours, all together."""
        asking = run_in_lockstep([integrated_gradients.attribute(target, options, self.access) for target in targets])
        return drive(asking, twin=self.twin, most_tokens=_TOKENS_PER_PASS)


def measure(runs: int = 3) -> Result:
    """Explain `runs` times in each way."""
    torch.set_num_threads(_THREADS)
    with tempfile.TemporaryDirectory() as folder:
        return Result.of(_figures(_Example(prepare(Path(folder), "Pretrained", "Float32").path), runs))


def _figures(example: _Example, runs: int) -> list[Figure]:
    one = example.target(_TEXT)
    few, many = _most_memory(example, one, (_STEPS, _MANY_STEPS))
    values, delta = example.captum(one)
    exactly = example.explain([one], Options(steps=_STEPS, most_steps=_STEPS))[0]
    apart = float((values - torch.tensor(exactly.values)).abs().max() / values.abs().max())
    share = abs(delta / (float(values.sum()) - delta))
    same, within = Options(steps=24, tolerance=share), Options()  # a small tolerance needs more from the start
    texts = [example.target(text) for text in make_texts(example.tokenizer, _TOGETHER)]
    ways: dict[str, Callable[[], object]] = {
        "captum": lambda: example.captum(one),
        "same": lambda: example.explain([one], same),
        "within": lambda: example.explain([one], within),
        "alone": lambda: [example.explain([text], within) for text in texts],
        "together": lambda: example.explain(texts, within),
    }
    took = _take_turns(ways, runs)
    seconds = {name: way.processor for name, way in took.items()}
    steps = {name: example.explain([one], options)[0].steps for name, options in (("same", same), ("within", within))}
    return [
        Figure(f"Captum, {_STEPS} steps of {_PADDED} tokens, delta {share:.2%} of the change", "s", seconds["captum"]),
        Figure(f"ours, delta at most {share:.2%} ({steps['same']} steps)", "s", seconds["same"]),
        Figure(f"ours, delta at most 2 % ({steps['within']} steps)", "s", seconds["within"]),
        _relative("ours at the same delta, of Captum's time", seconds["same"], seconds["captum"], 100 / 3),
        _relative("ours at a delta of at most 2 %, of Captum's time", seconds["within"], seconds["captum"], 100 / 4.5),
        _relative(
            f"{_TOGETHER} texts of mixed length together, of one by one, seconds that pass",
            took["together"].clock,
            took["alone"].clock,
            100 / 1.5,
        ),
        _relative(f"{_TOGETHER} texts together, of one by one, of processors", seconds["together"], seconds["alone"]),
        Figure(f"values from Captum's at {_STEPS} steps, of the largest", "‰", (1000 * apart,), bound=1),
        Figure(f"memory of {_STEPS} steps", "MiB", (few,)),
        Figure(f"memory of {_MANY_STEPS:,} steps", "MiB", (many,), bound=round(1.5 * few)),
    ]


def _take_turns(ways: dict[str, Callable[[], object]], runs: int) -> dict[str, _Took]:
    """What each way takes, after a first time that is not counted."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for run in range(runs + 1):
        for name, explain in ways.items():
            processor, clock = time.process_time(), time.perf_counter()
            explain()
            if run:
                seconds[name].append((time.process_time() - processor, time.perf_counter() - clock))
    return {name: _Took(*zip(*took, strict=True)) for name, took in seconds.items()}


def _relative(name: str, ours: Sequence[float], theirs: Sequence[float], bound: float | None = None) -> Figure:
    shares = tuple(100 * one / other for one, other in zip(ours, theirs, strict=True))
    return Figure(name, "%", shares, bound=None if bound is None else round(bound, 1))


def _most_memory(example: _Example, target: Target, numbers: Sequence[int]) -> list[float]:
    """MiB that the process grows by at most, from before the first, with each of so many steps."""
    example.explain([target], Options(steps=1, most_steps=1))  # what the first pass loads is no memory of steps
    with giving_back_freed_memory():  # so that what is in use is measured, and not what the allocator keeps
        before, most = _status("VmRSS"), []
        for steps in numbers:
            Path("/proc/self/clear_refs").write_text("5")  # the highest memory so far is forgotten
            example.explain([target], Options(steps=steps, most_steps=steps))
            most.append((_status("VmHWM") - before) / 1024)
    return most


def _status(name: str) -> int:
    """A line of /proc/self/status, in KiB."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1])


if __name__ == "__main__":
    main(measure)
