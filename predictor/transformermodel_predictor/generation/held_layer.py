"""A transformers cache layer over keys and values that are stored elsewhere."""

from transformers.cache_utils import CacheLayerMixin


class HeldLayer(CacheLayerMixin):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A cache layer for one forward pass; subclasses store its keys and values in `update`.

    Args:
        held: number of columns cached before the pass.
    """

    is_sliding = False

    def __init__(self, held: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._columns = held
        self.is_initialized = True

    def lazy_initialization(self, key_states: object, value_states: object) -> None:
        """Nothing to do: the storage exists already."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Number of columns of the attention mask, and their offset."""
        return self._columns + query_length, 0

    def get_seq_length(self) -> int:
        """Number of cached columns."""
        return self._columns

    def get_max_length(self) -> int:
        """-1: there is no limit."""
        return -1
