"""The environment variables that the server reads, for its reference. Imports nothing heavy."""

from collections.abc import Mapping

from transformermodel_api.tracing import ENDPOINT, TRACES_ENDPOINT
from transformermodel_predictor.server.token import ENVIRONMENT_VARIABLE as TOKEN
from transformermodel_predictor.server.token import MANAGEMENT_VARIABLE

VARIABLES: Mapping[str, str] = {
    TOKEN: "The bearer token that clients must send; `--token-file` goes before.",
    MANAGEMENT_VARIABLE: "The bearer token of the management API; `--management-token-file` goes before.",
    "TRANSFORMERMODEL_STORE": "Where prepared artifacts are kept; `--store` goes before.",
    ENDPOINT: "Where traces go over OTLP; without it, and without the next, nothing is traced. Each request is a span, "
    "and in it each wait (queue) and each part of its work (tokenize, forward, decode). Of a text that is generated, "
    "forward is the reading of the prompt, up to the first token, and decode what follows. The span has the answer's "
    "status, and is an error, by OpenTelemetry's conventions, only where the fault is the server's.",
    TRACES_ENDPOINT: "The same for traces alone. The other variables of OpenTelemetry's SDK hold too.",
    "OMP_NUM_THREADS": "Threads of a forward pass; never more than the CPUs that the process may use.",
    "OMP_PROC_BIND": "Without effect, as `OMP_PLACES`: no thread is bound to a core, as OpenMP binds all to one.",
    "KUBERNETES_SERVICE_HOST": "Set in every pod: there the server listens on all interfaces.",
}
"""What each says."""
