"""A layer of a cache as transformers wants it, over keys and values that are kept elsewhere."""

from transformers.cache_utils import CacheLayerMixin


class HeldLayer(CacheLayerMixin):  # type: ignore[no-untyped-call] # transformers' classes are not annotated
    """A layer for one pass, which sees all that is held; `update` says where what the pass reads goes.

    Args:
        held: columns of what was there before the pass.
    """

    is_sliding = False

    def __init__(self, held: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._columns = held
        self.is_initialized = True

    def lazy_initialization(self, key_states: object, value_states: object) -> None:
        """Nothing to do: what is held is there already."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns of the mask, and where they begin."""
        return self._columns + query_length, 0

    def get_seq_length(self) -> int:
        """Columns that are held."""
        return self._columns

    def get_max_length(self) -> int:
        """There is no limit."""
        return -1
