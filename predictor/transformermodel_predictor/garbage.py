"""Tunes Python's garbage collection: a full collection visits every object of the process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Disable garbage collection inside the `with` block.

    For work that creates many lasting objects, such as parsing a large body, or importing PyTorch and transformers,
    which collections make a quarter slower.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def pass_over_modules() -> None:
    """Collect garbage once, and exclude everything that is left, such as imported modules, from later collections.

    For processes that only prepare or serve: a full collection takes a quarter of a second for the modules of PyTorch
    and transformers. Every measurement starts with one, and a server answers nobody meanwhile. Only the first call has
    an effect, since garbage of earlier preparations must still be collected.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
