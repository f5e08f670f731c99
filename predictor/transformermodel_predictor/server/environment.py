"""The environment variables that the server reads, for its reference. Imports nothing heavy."""

from collections.abc import Mapping

from transformermodel_api.tracing import ENDPOINT, TRACES_ENDPOINT
from transformermodel_predictor.server.token import ENVIRONMENT_VARIABLE as TOKEN
from transformermodel_predictor.server.token import MANAGEMENT_VARIABLE

VARIABLES: Mapping[str, str] = {
    TOKEN: "The bearer token that clients must send; `--token-file` takes precedence.",
    MANAGEMENT_VARIABLE: "The bearer token of the management API; `--management-token-file` takes precedence.",
    "TRANSFORMERMODEL_STORE": "Where prepared artifacts are kept; `--store` takes precedence.",
    ENDPOINT: "Where traces are sent, over OTLP; without this variable and the next nothing is traced. Each request is "
    "a span, with a child span for each wait (queue) and each part of the work (tokenize, forward, decode). For "
    "generated text, forward covers the prompt up to the first token, and decode the rest. The span has the answer's "
    "status, and counts as an error, by OpenTelemetry's conventions, only if the fault is the server's.",
    TRACES_ENDPOINT: "The same, for traces only. The other variables of OpenTelemetry's SDK are read too.",
    "OMP_NUM_THREADS": "Threads of a forward pass, at most as many as the CPUs that the process may use.",
    "OMP_PROC_BIND": "No effect, like `OMP_PLACES`: threads are not bound to cores, as OpenMP would bind all to one.",
    "GOMP_SPINCOUNT": "How often a thread of a forward pass looks for its next work before it sleeps: 3000 by default, "
    "some 50 µs. OpenMP's own default is slow where other processes keep the CPUs busy.",
    "OMP_WAIT_POLICY": "How threads wait, in OpenMP's words (active, passive), in place of that default.",
    "KUBERNETES_SERVICE_HOST": "Set in every pod; there the server listens on all interfaces by default.",
}
"""What each says."""
