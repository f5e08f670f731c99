"""How archives name their handlers, and what is told of those that cannot be loaded."""

import json
from pathlib import Path

import pytest

from tests.predictor.torchserve.handler_archives import archive, asked, running
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerFailed, Part
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

ANSWERS_ITS_FILE = """
    def handle(data, context):
        return None if data is None else [__file__]
"""


async def answer(model: ArchivedModel) -> str:
    async with running(model) as group:
        return (await group.call(asked())).body.decode()


async def problem(model: ArchivedModel) -> HandlerFailed:
    with pytest.raises(HandlerFailed) as told:
        await answer(model)
    return told.value


async def test_a_handler_in_a_folder_of_the_archive_finds_what_lies_beside_it(tmp_path: Path) -> None:
    source = "import beside\n\ndef serve(data, context):\n    return None if data is None else [beside.WORD]\n"
    files = {"code/my-handler.py": source, "code/beside.py": "WORD = 'beside'\n"}
    assert await answer(archive(tmp_path, files, "code/my-handler.py:serve")) == "beside"


async def test_a_handler_in_a_package_of_the_archive_finds_its_parts(tmp_path: Path) -> None:
    source = "from .parts import WORD\n\ndef handle(data, context):\n    return data and [WORD]\n"
    files = {"own/service/__init__.py": "", "own/service/handler.py": source, "own/service/parts.py": "WORD = 'part'\n"}
    assert await answer(archive(tmp_path, files, "own/service/handler.py")) == "part"


async def test_a_handler_whose_folder_was_flattened_by_the_archiver_is_found_by_its_name(tmp_path: Path) -> None:
    assert await answer(archive(tmp_path, ANSWERS_ITS_FILE, "code/handler.py")) == str(tmp_path / "handler.py")


async def test_the_configuration_may_have_keys_that_are_no_text(tmp_path: Path) -> None:
    source = "def handle(data, context):\n    return data and [context.model_yaml_config[1][True]]\n"
    assert await answer(archive(tmp_path, source, configuration={1: {True: "yes"}})) == "yes"  # type: ignore[dict-item]


async def test_a_handler_named_as_a_module_of_python_is_the_archives(tmp_path: Path) -> None:
    assert await answer(archive(tmp_path, {"types.py": ANSWERS_ITS_FILE}, "types.py")) == str(tmp_path / "types.py")


async def test_the_archive_comes_before_its_packages_and_those_before_what_is_installed(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    source = """
        import os, sys, numpy, helper, ts

        def handle(data, context):
            return None if data is None else [
                ";".join([numpy.WHOSE, helper.WHOSE, str(sys.path[0] in os.environ["PYTHONPATH"]), ts.__version__])
            ]
    """
    files = {
        "archive/handler.py": source,
        "archive/helper.py": "WHOSE = 'archive'",
        "packages/helper.py": "WHOSE = 'packages'",
        "packages/numpy.py": "WHOSE = 'packages'",
        "packages/ts.py": "WHOSE = 'packages'",
    }
    archive(tmp_path, files)
    found = await answer(archive(tmp_path / "archive", {}, packages=packages))
    assert found.startswith("packages;archive;True;0.")


async def test_two_archives_modules_never_meet(tmp_path: Path) -> None:
    def of(word: str) -> ArchivedModel:
        source = "import settings\n\ndef handle(data, context):\n    return data and [settings.WORD]\n"
        return archive(tmp_path / word, {"handler.py": source, "settings.py": f"WORD = {word!r}"}, name=word)

    async with running(of("one")) as one, running(of("two")) as two:
        assert [(await each.call(asked())).body for each in (one, two)] == [b"one", b"two"]


async def test_an_envelope_is_put_around_the_handler(tmp_path: Path) -> None:
    source = """
        def handle(data, context):
            return None if data is None else [{"doubled": [row["n"] * 2 for row in data]}]
    """
    model = archive(tmp_path, source, settings=WorkerSettings(envelope="json"))
    call = Call(CallKind.predict, (Part("body", b'{"instances": [{"n": 1}]}', "application/json"),))
    async with running(model) as group:
        assert json.loads((await group.call(call)).body) == {"predictions": [{"doubled": [2]}]}


async def test_a_missing_module_is_told_as_missing(tmp_path: Path) -> None:
    error = await problem(archive(tmp_path, {"other.py": ""}, "handler.py:serve"))
    assert "the handler 'handler' was not found: the archive has no file handler.py" in str(error)
    assert error.status == 500


async def test_the_modules_own_missing_import_is_told_with_its_line_and_the_remedy(tmp_path: Path) -> None:
    source = "import os\nimport no_such_package.inside\n"
    error = await problem(archive(tmp_path, source, requirements_file="requirements.txt"))
    assert "handler.py cannot be imported: ModuleNotFoundError: No module named 'no_such_package'" in str(error)
    assert "(handler.py, line 2, in <module>); the archive's requirements are not installed" in str(error)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def handle(data context):\n    ...\n", "SyntaxError: "),
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero (handler.py, line 2, in <module>)"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3 (handler.py, line 2, in <module>)"),
        (
            "from ts.torch_handler import nothing_of_this_name\n",
            "ImportError: cannot import name 'nothing_of_this_name'",
        ),
        ("class Model: ...\n", "handler.py has nothing that can handle"),
        ("def handle(data, context):\n    raise MemoryError\n", "memory ran out while handler was initialized"),
        ("def handle(data, context):\n    import os; os._exit(7)\n", "ended with exit status 7 while it loaded"),
        (
            "class H:\n def initialize(self, context): open('weights.pt')\n def handle(self, data, context): ...\n",
            "handler cannot be initialized: FileNotFoundError: [Errno 2] No such file or directory: 'weights.pt' "
            "(handler.py, line 2, in initialize)",
        ),
    ],
)
async def test_what_is_wrong_with_a_handler_is_told_in_one_line(tmp_path: Path, source: str, told: str) -> None:
    error = str(await problem(archive(tmp_path, source)))
    assert error.startswith("the model model: ")
    assert told in error
    assert "\n" not in error


async def test_an_unknown_envelope_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    model = archive(tmp_path, "def handle(data, context): ...", settings=WorkerSettings(envelope="parcel"))
    assert "there is no request envelope 'parcel': body, json, kserve and kservev2 are" in str(await problem(model))


async def test_loading_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    source = "import time\n\ndef handle(data, context):\n    time.sleep(1000)\n"
    model = archive(tmp_path, source, settings=WorkerSettings(startup_timeout=1))
    assert "did not load within 1 seconds (startupTimeout)" in str(await problem(model))
