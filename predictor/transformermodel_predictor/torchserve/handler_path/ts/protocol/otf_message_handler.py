"""The module from which older handlers import the function for intermediate responses."""

from collections.abc import Mapping, Sequence
from typing import Any

from ts.context import Context
from ts.handler_utils import utils
from ts.utils.deprecation import deprecated


@deprecated(version=1.0, replacement="ts.handler_utils.utils.send_intermediate_predict_response")
def send_intermediate_predict_response(
    ret: Sequence[Any] | Mapping[int, Any] | None,
    req_id_map: Mapping[int, str],
    message: str,
    code: int,
    context: Context,
) -> None:
    """Send a piece of every row's answer; see `ts.handler_utils.utils.send_intermediate_predict_response`."""
    utils.send_intermediate_predict_response(ret, req_id_map, message, code, context)
