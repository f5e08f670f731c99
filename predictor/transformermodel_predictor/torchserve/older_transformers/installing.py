"""Installs all patches of this package before a handler is imported."""

from functools import partial
from pathlib import Path
from types import ModuleType

from transformermodel_predictor.torchserve.older_torch import change_loading as change_loading_of_torch
from transformermodel_predictor.torchserve.older_transformers.after_import import AfterImport
from transformermodel_predictor.torchserve.older_transformers.empty_tokenizers import change_loading
from transformermodel_predictor.torchserve.older_transformers.models import change_configurations, change_models
from transformermodel_predictor.torchserve.older_transformers.names import (
    change_cache_names,
    change_names,
    use_older_cache,
)
from transformermodel_predictor.torchserve.older_transformers.tokenizers import change_tokenizers


def install(archive: Path | None = None) -> AfterImport:
    """Install the patches in this process; imports nothing by itself.

    Args:
        archive: the archive's folder; the working directory when None.
    """
    use_older_cache()
    tokenizers = partial(_change_tokenizers, archive=archive or Path.cwd())
    finder = AfterImport(
        {
            "torch.serialization": change_loading_of_torch,
            "transformers.configuration_utils": change_configurations,
            "transformers.file_utils": change_cache_names,
            "transformers.modeling_utils": change_models,
            "transformers.tokenization_utils_base": tokenizers,
            "transformers.utils": change_cache_names,
            "transformers.utils.hub": change_cache_names,
            "transformers.utils.import_utils": change_names,
        }
    )
    finder.install()
    return finder


def _change_tokenizers(module: ModuleType, archive: Path) -> None:
    change_tokenizers(module)
    change_loading(module, archive)
