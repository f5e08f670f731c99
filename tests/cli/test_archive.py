"""`transformermodel archive`."""

import json
import zipfile
from pathlib import Path

from tests.cli.test_main import transformermodel
from tests.predictor.tiny import make_tiny_artifact


def test_a_prepared_model_is_packed_with_a_handler_of_its_own(tmp_path: Path) -> None:
    make_tiny_artifact(tmp_path / "prepared")

    shown = transformermodel(
        *("archive", f"{tmp_path}/prepared", "--model-name", "tiny", "--export-path", str(tmp_path), "-v", "2")
    )

    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == f"Packed {tmp_path}/tiny.mar\n"
    with zipfile.ZipFile(tmp_path / "tiny.mar") as archive:
        assert json.loads(archive.read("MAR-INF/MANIFEST.json"))["model"] == {
            "modelName": "tiny",
            "modelVersion": "2",
            "handler": "artifact_handler:handle",
            "configFile": "model-config.yaml",
        }
        assert "artifact/model.safetensors" in archive.namelist()


def test_the_options_of_torch_model_archiver_are_known(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "handler.py").write_text("def run(data, context): ...")

    shown = transformermodel(
        *("archive", "--model-name", "echo", "--handler", f"{tmp_path}/handler.py:run", "--force"),
        *("--extra-files", f"{tmp_path}/a.txt,{tmp_path}/b.txt", "--archive-format", "no-archive"),
        *("--runtime", "python3", "--export-path", str(tmp_path)),
    )

    assert shown.returncode == 0, shown.stderr
    manifest = json.loads((tmp_path / "echo" / "MAR-INF" / "MANIFEST.json").read_text())
    assert (manifest["runtime"], manifest["model"]["handler"]) == ("python3", "handler:run")
    assert (tmp_path / "echo" / "b.txt").read_text() == "b.txt"


def test_nothing_to_pack_is_told() -> None:
    shown = transformermodel("archive", "--model-name", "x")
    assert (shown.returncode, "name a prepared directory, or a handler" in shown.stderr) == (2, True)


def test_a_folder_that_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handle(data, context): ...")
    (tmp_path / "file").write_text("")

    shown = transformermodel(
        *("archive", "--model-name", "x", "--handler", f"{tmp_path}/handler.py", "--export-path", f"{tmp_path}/file")
    )

    assert (shown.returncode, shown.stderr) == (
        2,
        f"error: {tmp_path}/file/x.mar cannot be written: File exists. Name another folder with --export-path.\n",
    )


def test_a_handler_of_which_nothing_can_be_called_is_told_in_a_line(tmp_path: Path) -> None:
    handler = tmp_path / "handler.py"
    handler.write_text("raise SystemExit('it was run')\ndef run(data, context): ...")
    for named, problem in (
        (":runs", "defines no runs: there is run"),
        ("", "has neither a function handle nor a class with one: name what is to be called, as FILE:NAME"),
    ):
        shown = transformermodel(
            *("archive", "--model-name", "x", "--handler", f"{handler}{named}", "--export-path", str(tmp_path))
        )
        assert (shown.returncode, shown.stderr) == (2, f"error: --handler {handler}{named}: {handler} {problem}\n")
    assert list(tmp_path.iterdir()) == [handler]
