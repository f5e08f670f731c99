"""Classifiers that look for the end token: all rows of a batch must have the same number of them.

BART, T5 and their kin classify by the last end token. A pair of texts has two or three of them, and a text in which
somebody wrote one has one more. transformers refuses a batch whose rows differ in number; a graph of such a model has
lost that check and would take one row's token for another's.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from transformers import AutoConfig, PreTrainedConfig

from transformermodel_api.spec import TaskName
from transformermodel_predictor.engines.alike import run_alike
from transformermodel_predictor.engines.engine import Engine, computed_by
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LOOKING = frozenset({"bart", "bigbird_pegasus", "mbart", "mt5", "mvp", "plbart", "t5", "umt5"})
"""Their `model_type` in config.json."""


class GroupedByEndTokens:
    """An engine that batches only rows with the same number of end tokens. Implements `Engine` and `Shaped`.

    Args:
        engine: runs the passes.
        end: id of the end token.
    """

    def __init__(self, engine: Engine, end: int) -> None:
        self.padding_free = engine.padding_free
        self._engine = engine
        self._end = end
        self._computed = computed_by(engine)

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """One pass for each number of end tokens; see `Engine`."""
        return run_alike(batch, lambda encoding: count_end_tokens(encoding, self._end), self._engine.run)

    def computed(self, lengths: Sequence[int]) -> int:
        """See `Shaped`; assumes a single pass, as the lengths do not tell how many end tokens there are."""
        return self._computed(lengths)


def grouped_by_end_tokens(engine: Engine, folder: Path, task: TaskName) -> Engine:
    """The engine, wrapped in `GroupedByEndTokens` if its model needs that.

    Args:
        engine: runs the model.
        folder: holds config.json, unless the source was a traced graph.
        task: the model's task.
    """
    file = folder / "config.json"
    if task is not TaskName.SequenceClassification or not file.exists():
        return engine
    if json.loads(file.read_text(encoding="utf-8")).get("model_type") not in _LOOKING:
        return engine
    end = end_token_of(AutoConfig.from_pretrained(folder, local_files_only=True))
    return engine if end is None else GroupedByEndTokens(engine, end)


def end_token_of(configuration: PreTrainedConfig) -> int | None:
    """Id of the end token that a classifier looks for; None if it does not look for one."""
    end = getattr(configuration, "eos_token_id", None)
    return end if configuration.model_type in _LOOKING and isinstance(end, int) else None


def count_end_tokens(encoding: Encoding, end: int) -> int:
    """Number of end tokens in an encoding."""
    return sum(token == end for token in encoding.features["input_ids"])
