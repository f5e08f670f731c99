"""Classifiers that look for the token which ends a text: rows run together must have as many of them each.

BART, T5 and their kin classify by the last of these tokens, of which a pair of texts has two or three, and a text that
somebody has written one into has one more. transformers refuses a batch in which the rows differ; a graph of such a
model, in which the check is lost, would take one row's token for another's.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from transformers import AutoConfig, PreTrainedConfig

from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.engine import Engine, computed_tokens
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LOOKING = frozenset({"bart", "bigbird_pegasus", "mbart", "mt5", "mvp", "plbart", "t5", "umt5"})
"""Values of `model_type` in config.json."""


class EndsApart:
    """An engine whose rows have the same number of end tokens in each pass. Implements `Engine` and `Shaped`.

    Args:
        engine: runs the passes.
        end: the token's number.
    """

    def __init__(self, engine: Engine, end: int) -> None:
        self.padding_free = engine.padding_free
        self._engine = engine
        self._end = end

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """One pass for each number of end tokens; see `Engine`."""
        alike: dict[int, list[int]] = defaultdict(list)
        for index, encoding in enumerate(batch):
            alike[ends_in(encoding, self._end)].append(index)
        outputs: dict[int, Outputs] = {}
        for indices in alike.values():
            outputs.update(zip(indices, self._engine.run([batch[index] for index in indices]), strict=True))
        return [outputs[index] for index in range(len(batch))]

    def computed(self, lengths: Sequence[int]) -> int:
        """See `Shaped`; as if the rows went together, for their lengths do not say otherwise."""
        return computed_tokens(self._engine, lengths)


def with_ends_apart(engine: Engine, folder: Path, task: TaskName) -> Engine:
    """The engine of a model, so that its rows go together as the model wants them to.

    Args:
        engine: that runs it.
        folder: with its config.json; there is none where a traced graph was given.
        task: what it does.
    """
    file = folder / "config.json"
    if task is not TaskName.SequenceClassification or not file.exists():
        return engine
    if json.loads(file.read_text(encoding="utf-8")).get("model_type") not in _LOOKING:
        return engine
    end = counted_end(AutoConfig.from_pretrained(folder, local_files_only=True))
    return engine if end is None else EndsApart(engine, end)


def counted_end(configuration: PreTrainedConfig) -> int | None:
    """The token that a classifier looks for at the end of a text; None where it looks for none."""
    end = getattr(configuration, "eos_token_id", None)
    return end if configuration.model_type in _LOOKING and isinstance(end, int) else None


def ends_in(encoding: Encoding, end: int) -> int:
    """How many tokens of an encoding are that token."""
    return sum(token == end for token in encoding.features["input_ids"])
