"""When this process looks for garbage: not where there is none, for each search looks at all that there is."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without a search meanwhile.

    It is for what makes many objects that stay, such as a large body's lists, or the modules of PyTorch and
    transformers: of the seconds that their import takes, searches are a quarter.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def pass_over_modules() -> None:
    """Have garbage collected among what is made from now on alone, not among the modules that a process has imported.

    What their import has left goes before.

    It is for processes that do nothing but prepare or serve: a collection of everything takes a quarter of a second for
    the modules of PyTorch and transformers. Each measurement begins with one, and in a server nobody is answered
    meanwhile. Only the first call does something: what earlier preparations have left must be collected.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
