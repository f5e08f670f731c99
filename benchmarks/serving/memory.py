"""What a server holds in memory: when ready, after a hundred requests, and at rest, over its imports (Linux).

    python -m benchmarks.serving.memory [--requests N]

MiniLM with the sentiment head; and BERT-base of random weights, beside which what every model needs counts for less.
What a model takes is what is resident over the imports (of the command line, the HTTP and gRPC servers, PyTorch and
transformers), but for the mapped files of libraries: code that a first forward pass reads is counted for itself: all
processes of a node share it.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from transformers import AutoTokenizer

from benchmarks.report import Result, main
from benchmarks.serving import rivals
from benchmarks.serving.models import PreparedModel, prepare, prepare_bert_base
from benchmarks.serving.texts import make_texts

_FORMS = (("Packed", "BFloat16"), ("Packed", "Float32"), ("Pretrained", "BFloat16"), ("Pretrained", "Float32"))
_MODELS = (("MiniLM", prepare), ("BERT-base", prepare_bert_base))
_REST_SECONDS = 10
_MIB = 2**20
_IMPORTS = (
    "import transformers, uvloop, transformermodel_cli.main, transformermodel_predictor.server.lifecycle; "
    "import transformermodel_predictor.server.grpc.server, transformermodel_predictor.server.native_loading; "
    "transformers.AutoModelForSequenceClassification, transformers.BertForSequenceClassification; "
    "print(flush=True); input()"
)


@dataclass(frozen=True)
class Memory:
    """Resident memory of a process, in bytes.

    Attributes:
        libraries: mapped files of libraries, which all processes of a node share.
        own: the rest.
    """

    libraries: int
    own: int

    @property
    def all(self) -> int:
        """Both together."""
        return self.libraries + self.own


def measure(requests: int = 100) -> Result:
    """Start a server for each form and ask it so often."""
    imports = _imports()
    lines = [
        f"| MiB; imports: {_mib(imports.all)} | weights | ready | after {requests} requests | at rest | of it further "
        "code of libraries | taken when ready, of the weights | taken at rest |",
        "|--|--|--|--|--|--|--|--|",
    ]
    values: list[object] = [{"name": "imports", **asdict(imports)}]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for (model_name, prepared), form in product(_MODELS, _FORMS):
            model = prepared(folder, *form)
            ready, after, rested = _serve(model, folder, requests)
            weights = sum(file.stat().st_size for file in model.path.glob("*.safetensors"))
            figures = (weights, ready.all, after.all, rested.all, rested.libraries - imports.libraries)
            taken = [f"{(memory.own - imports.own) / weights:.2f} x" for memory in (ready, rested)]
            title = f"{model_name}, {model.engine.lower()} {model.precision.lower()}"
            lines.append(f"| {title} | {' | '.join([_mib(figure) for figure in figures] + taken)} |")
            told = {"ready": asdict(ready), "after": asdict(after), "at rest": asdict(rested)}
            values.append({"name": title, "weights": weights, **told})
    return Result("\n".join(lines), values)


def _serve(model: PreparedModel, folder: Path, requests: int) -> tuple[Memory, Memory, Memory]:
    """Memory of a server when it is ready, after requests, and when it has had nothing to do for a while."""
    texts = make_texts(AutoTokenizer.from_pretrained(model.path), requests)
    with rivals.ours(model, texts, folder) as server:
        ready = _memory(server.server.process.pid)
        answered = server.ask(1, 600, requests=requests).answered
        if answered < requests:
            raise RuntimeError(f"only {answered} of {requests} requests were answered")
        after = _memory(server.server.process.pid)
        time.sleep(_REST_SECONDS)
        return ready, after, _memory(server.server.process.pid)


def _imports() -> Memory:
    """Memory of a process that has imported what serving needs, and nothing else."""
    command = [sys.executable, "-c", _IMPORTS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        memory = _memory(process.pid)
        process.stdin.write(b"\n")
    return memory


def _memory(pid: int) -> Memory:
    """Read a process's mappings: lines of three columns are figures, others begin a mapping, maybe of a file."""
    libraries = own = 0
    path = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            path = words[5] if len(words) > 5 else ""
        elif words[0] == "Rss:":
            resident = int(words[1]) * 1024
        elif words[0] == "Anonymous:":
            anonymous = int(words[1]) * 1024
            own += anonymous
            if path.endswith(".safetensors"):
                own += resident - anonymous
            else:
                libraries += resident - anonymous
    return Memory(libraries, own)


def _mib(size: int) -> str:
    return f"{size / _MIB:.0f}"


if __name__ == "__main__":
    main(measure)
