"""The command line: help, exit statuses, one line for an error."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.torchserve.reading.archives import HANDLER, packed

EXAMPLE = "examples/sentiment/model.yaml"
OTHER = "sentiment=examples/questions/model.yaml"


def transformermodel(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "transformermodel"
    environment = {**os.environ, "COLUMNS": "80"}  # whatever the terminal has from which the tests are started
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False, env=environment)


def test_help_lists_the_commands() -> None:
    shown = transformermodel("--help")
    assert shown.returncode == 0
    for command in ("serve", "prepare", "validate", "archive", "crds", "operator"):
        assert command in shown.stdout
    assert "..." not in shown.stdout.partition("Commands:")[2], "a command's first sentence does not fit in its line"


def test_the_version_is_told() -> None:
    shown = transformermodel("--version")
    assert (shown.returncode, shown.stdout) == (0, f"transformermodel {version('transformermodel')}\n")


def test_crds_prints_the_definition_that_is_committed() -> None:
    printed = transformermodel("crds")
    assert printed.returncode == 0
    assert printed.stdout == Path("crds/transformermodel.dev_transformermodels.yaml").read_text()


COMMANDS = """
import sys
from typer.testing import CliRunner
from transformermodel_cli.main import app

heavy = {"torch", "transformers", "numpy", "kserve", "kopf", "kubernetes", "grpc", "uvicorn"}
for command in sys.argv[1:]:
    done = CliRunner().invoke(app, command.split())
    print(command, done.exit_code, sorted(heavy & set(sys.modules)))
"""
"""Runs commands one after another in a process, and says what each has imported that takes long."""


def test_commands_that_neither_prepare_nor_serve_import_nothing_that_takes_long(tmp_path: Path) -> None:
    archive = packed(tmp_path)
    handler = tmp_path / "handler.py"
    handler.write_bytes(HANDLER)
    commands = (
        "--help",
        "serve --help",
        "crds",
        f"validate {EXAMPLE} {archive}",
        f"doctor {archive} --store {tmp_path / 'store'}",
        f"archive --model-name new --version 1 --handler {handler} --export-path {tmp_path}",
    )
    shown = subprocess.run([sys.executable, "-c", COMMANDS, *commands], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == [f"{command} 0 []" for command in commands]


def test_a_valid_manifest_is_named_with_its_model() -> None:
    shown = transformermodel("validate", EXAMPLE)
    assert (shown.returncode, shown.stdout) == (0, f"{EXAMPLE}: valid (sentiment)\n")


def test_every_problem_of_every_file_is_told_in_one_run(tmp_path: Path) -> None:
    text = Path(EXAMPLE).read_text()
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(text.replace("task: SequenceClassification", "task: Divination"))
    second.write_text(text.replace("  task:", "  surprise: 1\n  task:"))
    shown = transformermodel("validate", str(first), str(second))
    assert shown.returncode == 2
    assert (
        f'{first}: spec.task: Unsupported value: "Divination": supported values: "SequenceClassification", '
        in shown.stderr
    )
    assert f'{second}: unknown field "spec.surprise"' in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_file_that_is_named_twice_is_one() -> None:
    shown = transformermodel("validate", EXAMPLE, f"./{EXAMPLE}")
    assert (shown.returncode, shown.stderr) == (0, "")


def test_namespaces_tell_models_apart_in_a_cluster_alone(tmp_path: Path) -> None:
    text = Path(EXAMPLE).read_text()
    file = tmp_path / "models.yaml"
    other = text.replace("  name: sentiment", "  name: sentiment\n  namespace: team")
    file.write_text(f"{text}\n---\n{other}")
    assert transformermodel("validate", str(file)).stdout == f"{file}: valid (sentiment, sentiment)\n"
    shown = transformermodel("serve", str(file))
    assert shown.returncode == 2
    assert f"two models in {file} are named sentiment: rename one" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "nothing to serve"),
        (["prepare"], "nothing to prepare"),
        (["serve", "no-such-file.yaml"], "no-such-file.yaml"),
        (["serve", "--model-name", "x"], "--model-dir"),
        (["serve", "--model-dir", "no-such-folder"], "no-such-folder"),
        (
            ["serve", EXAMPLE, OTHER],
            f"two models are named sentiment, in {EXAMPLE} and in {OTHER}: name one of them with NAME=FILE\n",
        ),
        (["serve", f"={EXAMPLE}"], "the name before = is empty"),
        (["serve", f"org/model={EXAMPLE}"], "the model's name 'org/model' must be letters, digits, '_', '.' and '-'"),
        (["serve", "no-such-org/name"], "spec.source.uri: hf://no-such-org/name"),
        (["serve", "hf://org/name"], "spec.source.uri: hf://org/name"),
        (["serve", "examples/sentiment"], f"name the manifest in it, as in {EXAMPLE}"),
        (["serve", "examples"], "without a prepared model or an archive: name a manifest, as in examples/"),
        (["serve", "docs/images"], "docs/images is a folder without a prepared model or an archive: name a manifest\n"),
        (["serve", EXAMPLE, "--http-port", "9000", "--grpc-port", "9000"], "--http-port and --grpc-port are both 9000"),
        (["prepare", EXAMPLE, "--store", EXAMPLE], f"{EXAMPLE} cannot be a store"),
        (["serve", EXAMPLE, "--store", "/proc/store"], "/proc/store cannot be a store"),
        (
            ["serve", EXAMPLE, "--token-file", "no-such-file"],
            "no-such-file cannot be read: No such file or directory\n",
        ),
        (["diff", "no-such-folder", "docs"], "no-such-folder is not a folder: name one that"),
        (["diff", "docs", "docs"], "docs has no manifest.json: it is not a prepared model. Prepare one with"),
        (["archive", "docs", "--model-name", "x"], "docs has no manifest.json: it is not a prepared model. Prepare"),
        (["archive", "no-such-folder", "--model-name", "x"], "no-such-folder is not a folder: name one that"),
        (["divine"], "divine"),
        (["serve", "--unknown"], "--unknown"),
    ],
)
def test_wrong_arguments_end_with_status_2_and_name_what_is_wrong(arguments: list[str], said: str) -> None:
    shown = transformermodel(*arguments)
    assert shown.returncode == 2
    assert said in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_model_that_two_files_define_is_refused_with_both(tmp_path: Path) -> None:
    copied = tmp_path / "model.yaml"
    copied.write_text(Path(EXAMPLE).read_text(encoding="utf-8"), encoding="utf-8")
    shown = transformermodel("validate", EXAMPLE, str(copied))
    assert shown.returncode == 2
    told = f"{EXAMPLE} and {copied} define the same TransformerModel sentiment: rename or remove all but one"
    assert told in shown.stderr


def test_the_examples_can_be_validated_together() -> None:
    examples = sorted(map(str, Path("examples").glob("*/*.yaml")))
    shown = transformermodel("validate", *examples)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert [line.partition(": valid (")[0] for line in shown.stdout.splitlines()] == examples


def catches(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal (proc(5), SigCgt)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (mask,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="it drops capabilities")
@pytest.mark.parametrize("command", ["validate", "serve"])
def test_a_folder_that_this_user_may_not_enter_is_named(tmp_path: Path, command: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    program = Path(sys.executable).parent / "transformermodel"
    shown = subprocess.run(
        [program, command, closed / "model.yaml"], capture_output=True, text=True, check=False, preexec_fn=drop_rights
    )
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == f"error: {closed / 'model.yaml'}: Permission denied. Give this user the right to it.\n"


def drop_rights() -> None:
    """For root modes of files do not count until these are gone: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
    library, drop_from_bounding_set = ctypes.CDLL(None), 24  # PR_CAPBSET_DROP
    for capability in (1, 2):
        library.prctl(drop_from_bounding_set, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_sigterm_is_heard_from_the_beginning_as_the_first_process_of_a_container_needs_it(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "transformermodel"
    command = [program, "serve", EXAMPLE, "--store", tmp_path, "--http-port", "0", "--grpc-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not catches(process, signal.SIGTERM) and time.monotonic() < ends:
            time.sleep(0.001)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 143


def hear_ctrl_c() -> None:
    """What a shell starts in the background ignores it, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_ctrl_c_is_quiet_from_the_beginning(tmp_path: Path) -> None:
    """SIGTERM is caught just before the long imports, which Ctrl-C then interrupts."""
    program = Path(sys.executable).parent / "transformermodel"
    command = [program, "serve", EXAMPLE, "--store", tmp_path, "--http-port", "0", "--grpc-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c) as process:
        ends = time.monotonic() + PATIENCE_SECONDS
        while not catches(process, signal.SIGTERM) and time.monotonic() < ends:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert (process.communicate(timeout=PATIENCE_SECONDS)[1], process.returncode) == ("", 130)
