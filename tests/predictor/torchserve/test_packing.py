"""What torch-model-archiver's options put into an archive."""

from datetime import date
from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.torchserve.archive import Archive
from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_handler

TODAY = date(2025, 1, 31)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a handler and what it may need, which is the current one."""
    for name in ("handler.py", "net.py", "weights.pt", "requirements.txt", "model-config.yaml", "vocab.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "handler.py").write_text("def handle(data, context): ...\n\ndef run(data, context): ...\n")
    (tmp_path / "data" / "deeper").mkdir(parents=True)
    for name in ("data/a.json", "data/b.json", "data/deeper/c.json"):
        (tmp_path / name).write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def packed(handler: str | None = "handler.py", **options: object) -> Archive:
    return pack_handler(ArchiveOptions("net", handler=handler, **options), TODAY)  # type: ignore[arg-type]


@pytest.mark.usefixtures("files")
class TestFiles:
    def test_each_option_names_its_file_in_the_manifest(self) -> None:
        archive = packed(
            model_file=Path("net.py"),
            serialized_file=Path("weights.pt"),
            requirements_file=Path("requirements.txt"),
            config_file=Path("model-config.yaml"),
            extra_files=(Path("vocab.txt"),),
        )
        assert archive.manifest()["model"] == {
            "modelName": "net",
            "modelVersion": "1.0",
            "handler": "handler.py",
            "serializedFile": "weights.pt",
            "modelFile": "net.py",
            "requirementsFile": "requirements.txt",
            "configFile": "model-config.yaml",
        }
        assert set(archive.members) == {
            "handler.py",
            "net.py",
            "weights.pt",
            "requirements.txt",
            "model-config.yaml",
            "vocab.txt",
        }

    def test_of_a_folder_the_files_are_taken_but_no_folders(self) -> None:
        assert set(packed(extra_files=(Path("data"),)).members) == {"handler.py", "a.json", "b.json"}

    def test_one_file_may_be_named_twice(self) -> None:
        assert set(packed(extra_files=(Path("handler.py"),)).members) == {"handler.py"}

    def test_two_files_of_one_name_are_refused(self, files: Path) -> None:
        (files / "data" / "vocab.txt").write_text("another")
        with pytest.raises(UserError, match=r"two files would be vocab\.txt in the archive, one of them data/vocab"):
            packed(extra_files=(Path("vocab.txt"), Path("data")))

    def test_a_file_that_is_missing_is_named(self) -> None:
        with pytest.raises(UserError, match=r"missing\.pt is not a file"):
            packed(serialized_file=Path("missing.pt"))


@pytest.mark.usefixtures("files")
class TestHandler:
    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ("handler.py", "handler.py"),
            ("handler", "handler.py"),
            ("handler.py:run", "handler:run"),  # TorchServe does not find `handler.py:run`
            ("handler:run", "handler:run"),
        ],
    )
    def test_a_file_is_packed_and_named_as_the_server_finds_it(self, given: str, named: str) -> None:
        archive = packed(given)
        assert archive.handler == named
        assert set(archive.members) == {"handler.py"}

    def test_the_servers_own_handlers_bring_no_file(self) -> None:
        archive = packed("image_classifier")
        assert archive.handler == "image_classifier"
        assert not archive.members

    @pytest.mark.parametrize("given", ["Transformer_handler_generalized", "Transformer_handler_generalized.py"])
    def test_the_generalized_handler_may_be_named_without_its_file_or_brought_along(
        self, files: Path, given: str
    ) -> None:
        name = "Transformer_handler_generalized.py"
        assert (packed(given).handler, set(packed(given).members)) == (name, set())
        (files / name).write_text("the maker's own")
        assert (packed(given).handler, set(packed(given).members)) == (name, {name})

    def test_an_unknown_handler_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(UserError, match=r"there is no file other\.py, and TorchServe's own handlers are base_h"):
            packed("other")

    def test_no_handler_is_refused(self) -> None:
        with pytest.raises(UserError, match="name one with --handler"):
            packed(None)


@pytest.mark.parametrize("name", ["", "-net", "a/b", "a b", "..", "ä"])
def test_names_that_the_server_refuses_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="--model-name"):
        pack_handler(ArchiveOptions(name, handler="base_handler"), TODAY)
