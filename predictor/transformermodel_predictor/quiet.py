"""transformers without its progress bars, tables and warnings: what matters is raised or returned."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging as untyped_logging


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers and peft from writing to standard error."""
    logging: Any = untyped_logging
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()
