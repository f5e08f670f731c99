"""The ancestor's handler in this process, asked as a worker asks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.predictor.torchserve.ancestor.archives import AncestorArchive
from transformermodel_predictor.torchserve.testing import handlers_can_import


@dataclass(frozen=True)
class Told:
    """What one row was answered."""

    answer: Any
    status: int
    headers: dict[str, str] = field(default_factory=dict)


class Asked:
    """A handler that was initialized with an archive.

    Args:
        archive: its files.
        module: the fallback module with the handler.
        derive: makes another class of the handler's.
        configuration: what the server has read of model-config.yaml; the archive's when None.
    """

    def __init__(
        self,
        archive: AncestorArchive,
        module: str = "Transformer_handler_generalized",
        derive: Any = None,
        configuration: dict[str, Any] | None = None,
    ) -> None:
        with handlers_can_import():
            from importlib import import_module

            from ts.context import Context

            found: Any = import_module(module)
            (kind,) = (getattr(found, name) for name in found.__all__ if name.endswith("Handler"))
            manifest = {"model": {"modelName": "tiny", "serializedFile": archive.serialized}}
            self.context: Any = Context(
                "tiny",
                str(archive.folder),
                manifest,
                4,
                None,
                "0.12",
                model_yaml_config=archive.configuration if configuration is None else configuration,
            )
            self.handler: Any = (derive(kind) if derive else kind)()
            self.handler.initialize(self.context)
        self.module = found

    def predict(self, *bodies: Any) -> list[Told]:
        """Answer rows with these bodies."""
        return self.rows([{"body": body} for body in bodies])

    def explain(self, *bodies: Any) -> list[Told]:
        """Explain the answers to rows with these bodies."""
        return self.rows([{"body": body} for body in bodies], explain=True)

    def rows(self, rows: Sequence[Any], *, explain: bool = False) -> list[Told]:
        """Ask as a worker does."""
        self.context.begin_batch(
            {index: str(index) for index in range(len(rows))}, [{"explain": str(explain)}] * len(rows)
        )
        answers = self.handler.handle(rows, self.context)
        assert len(answers) == len(rows)
        return [
            Told(answer, self.context.get_response_status(index)[0], self.context.get_response_headers(index))
            for index, answer in enumerate(answers)
        ]
