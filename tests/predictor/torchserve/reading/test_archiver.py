"""What the real torch-model-archiver writes."""

import subprocess
from pathlib import Path

import pytest

from tests.torchserve.install import ARCHIVER, install
from transformermodel_predictor.torchserve.reading.opening import open_archive

pytestmark = pytest.mark.slow

FILES = {
    "service/handler.py": "def run(data, context):\n    return [row['body'] for row in data or []]\n",
    "net.py": "class Net: ...\n",
    "weights.pt": "weights",
    "assets/vocab.txt": "words",
    "model-config.yaml": "minWorkers: 1\nmaxWorkers: 2\nbatchSize: 3\n",
    "requirements.txt": "numpy\n",
}
OPTIONS = (
    "--model-name own --version 2.1 --handler service/handler:run --model-file net.py --serialized-file weights.pt "
    "--extra-files assets --config-file model-config.yaml --requirements-file requirements.txt --runtime python3"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    install()
    folder = tmp_path_factory.mktemp("files")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("form", "name"), [("default", "own.mar"), ("zip-store", "own.mar"), ("tgz", "own.tar.gz"), ("no-archive", "own")]
)
def test_each_of_its_forms_is_opened_with_all_that_it_says(files: Path, tmp_path: Path, form: str, name: str) -> None:
    command = [ARCHIVER, *OPTIONS.split(), "--archive-format", form, "--export-path", tmp_path]
    subprocess.run(command, cwd=files, check=True, capture_output=True)
    found = open_archive(tmp_path / name, folder=tmp_path / "opened")
    manifest, settings = found.manifest, found.settings
    assert (found.name, manifest.model_version, manifest.runtime) == ("own", "2.1", "python3")
    assert (manifest.handler, manifest.model_file, manifest.serialized_file) == ("handler:run", "net.py", "weights.pt")
    assert manifest.requirements_file == "requirements.txt"
    assert (settings.min_workers, settings.max_workers, settings.batch_size) == (1, 2, 3)
    there = {path.name for path in found.directory.iterdir() if path.is_file()}
    assert there == {Path(file).name for file in FILES}
