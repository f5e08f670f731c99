import subprocess
import sys

import pytest

PROGRAM = """
import logging
from transformermodel_predictor.server.logs import configure_logs

configure_logs(access={access})
for log in ("access", "handler"):
    logging.getLogger("transformermodel." + log).info("a line of " + log)
"""


@pytest.mark.parametrize("access", [True, False])
def test_what_handlers_print_is_always_written_and_requests_where_it_is_wanted(access: bool) -> None:
    written = subprocess.run([sys.executable, "-c", PROGRAM.format(access=access)], capture_output=True, check=True)
    assert "a line of handler" in written.stderr.decode()
    assert ("a line of access" in written.stderr.decode()) is access
