"""One question over V2 gRPC: `python -m tests.cluster.grpc_client ADDRESS NAME TEXT` prints the label.

A process of its own, to be run in the cluster's network: gRPC's threads open their sockets where the process is.
"""

import sys

import numpy
import tritonclient.grpc as triton


def main() -> str:
    """Ask for the label of a text."""
    address, name, text = sys.argv[1:]
    with triton.InferenceServerClient(address) as client:
        assert client.is_model_ready(name)
        tensor = triton.InferInput("text", [1], "BYTES")
        tensor.set_data_from_numpy(numpy.array([text.encode()], dtype=object))
        label: bytes = client.infer(name, [tensor]).as_numpy("label")[0]
        return label.decode()


if __name__ == "__main__":
    print(main())
