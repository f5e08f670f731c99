"""A context for tests of handlers."""

from pathlib import Path
from typing import Any

from ts.context import Context
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from ts.metrics.metrics_file import DEFAULT_FILE
from ts.utils.util import get_yaml_config
from ts.version import __version__

_ID = "00000000-0000-0000-0000-000000000000"


class MockContext(Context):
    """A context with one prediction request.

    Args:
        model_pt_file: the serialized file; None for none.
        model_dir: the folder with the archive's files.
        model_file: the Python file with the model's class; None for none.
        gpu_id: index of the accelerator.
        model_name: the model's name.
        model_yaml_config_file: name of the configuration in that folder; None for none.
    """

    def __init__(
        self,
        model_pt_file: str | None = "model.pt",
        model_dir: str | Path = "ts/torch_handler/unit_tests/models/tmp",
        model_file: str | None = "model.py",
        gpu_id: int | str | None = "0",
        model_name: str = "mnist",
        model_yaml_config_file: str | None = None,
    ) -> None:
        files = {"serializedFile": model_pt_file, "modelFile": model_file}
        described = {"modelName": model_name, **{key: name for key, name in files.items() if name is not None}}
        configuration: dict[str, Any] = (
            get_yaml_config(Path(model_dir) / model_yaml_config_file) if model_yaml_config_file else {}
        )
        metrics = MetricsCacheYamlImpl(DEFAULT_FILE, model_name)
        metrics.initialize_cache()
        super().__init__(
            model_name,
            str(model_dir),
            {"model": described},
            1,
            gpu_id,
            __version__,
            metrics=metrics,
            model_yaml_config=configuration,
        )
        self.begin_batch({0: _ID}, [{"explain": "False"}])
