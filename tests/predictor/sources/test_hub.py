import socket
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.background import in_thread
from tests.hub.repositories import Access
from tests.hub.server import HubServer
from tests.predictor.sources.conftest import FILES, NEEDED
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.hub import HubSource
from transformermodel_predictor.sources.selection import checkpoint_files
from transformermodel_predictor.sources.source import Source
from transformermodel_predictor.transfer.retries import Retries

TOKEN = "hf_secret_of_a_member"
SIZE = len(FILES["model.safetensors"])


def source(revision: str | None = None, retries: Retries | None = None) -> Source:
    return HubSource("org/model", revision, retries=retries)


def fetch(folder: Path, watcher: Watcher, retries: Retries | None = None) -> dict[str, bytes]:
    """Resolve and acquire; the files that came."""
    here = source(retries=retries)
    copy = here.acquire(here.resolve(), folder, watcher)
    return {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}


def failure(folder: Path, watcher: Watcher, retries: Retries | None = None) -> PreparationFailed:
    with pytest.raises(PreparationFailed) as caught:
        fetch(folder, watcher, retries)
    assert "\n" not in str(caught.value)
    return caught.value


def downloads(hub: HubServer, name: str = "model.safetensors") -> list[tuple[int, int]]:
    """Status and first byte of each request for a file."""
    return [(request.status, request.start) for request in hub.requests if request.path.endswith(name)]


def test_a_branch_is_resolved_by_one_request(hub: HubServer, commit: str) -> None:
    resolved = source().resolve()
    assert (resolved.identity, resolved.commit) == (f"hf://org/model@{commit}", commit)
    assert len(hub.requests) == 1


def test_every_file_is_read_at_the_commit_even_when_the_branch_moves(
    hub: HubServer, commit: str, tmp_path: Path, watcher: Watcher
) -> None:
    here = source("main")
    resolved = here.resolve()
    newer = hub.repositories.publish("org/model", {**FILES, "config.json": b'{"model_type": "gpt2"}'})
    copy = here.acquire(resolved, tmp_path / "copy", watcher)
    assert (copy / "config.json").read_bytes() == FILES["config.json"]
    assert not any(newer in request.path for request in hub.requests)
    assert source(newer).resolve().commit == newer
    assert source(commit).resolve().commit == commit


def test_only_needed_files_are_downloaded_and_counted(
    hub: HubServer, commit: str, tmp_path: Path, watcher: Watcher
) -> None:
    assert fetch(tmp_path / "copy", watcher) == {name: FILES[name] for name in NEEDED}
    asked = {request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path}
    assert asked == NEEDED
    total = sum(len(FILES[name]) for name in NEEDED)
    assert watcher.progress[-1] == (total, total)
    assert watcher.progress == sorted(watcher.progress)
    assert commit in hub.requests[-1].path


@pytest.mark.usefixtures("commit")
def test_what_is_there_already_is_not_downloaded_again(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    fetch(tmp_path / "copy", watcher)
    hub.requests.clear()
    fetch(tmp_path / "copy", watcher)
    assert not any("/resolve/" in request.path for request in hub.requests)


@pytest.mark.usefixtures("commit")
def test_a_file_that_was_damaged_on_the_disk_is_downloaded_again(
    hub: HubServer, tmp_path: Path, watcher: Watcher
) -> None:
    fetch(tmp_path / "copy", watcher)
    (tmp_path / "copy" / "model.safetensors").write_bytes(bytes(SIZE))
    (tmp_path / "copy" / "config.json").write_bytes(b"x" * len(FILES["config.json"]))
    assert fetch(tmp_path / "copy", watcher) == {name: FILES[name] for name in NEEDED}
    assert downloads(hub) == [(200, 0)] * 2


@pytest.mark.usefixtures("commit")
def test_a_broken_connection_is_made_again_where_it_broke(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.restrict("org/model", Access(cut_after=1_500_000))
    assert fetch(tmp_path / "copy", watcher)["model.safetensors"] == FILES["model.safetensors"]
    assert downloads(hub) == [(200, 0), (206, 1_500_000), (206, 3_000_000)]


@pytest.mark.usefixtures("commit")
def test_a_connection_that_brings_nothing_is_given_up(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.restrict("org/model", Access(cut_after=0))
    refusal = failure(tmp_path / "copy", watcher)
    assert refusal.reason is FailureReason.Unreachable
    assert f"the hub at {hub.url} cannot be reached" in str(refusal)


@pytest.mark.usefixtures("commit")
def test_bytes_that_arrive_damaged_are_not_kept(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.restrict("org/model", Access(damaged=("model.safetensors",)))
    refusal = failure(tmp_path / "copy", watcher)
    assert refusal.reason is FailureReason.ChecksumMismatch
    assert str(refusal).startswith("ChecksumMismatch: model.safetensors arrived damaged")
    assert not list((tmp_path / "copy").glob("model.safetensors*"))


@pytest.mark.parametrize(
    ("access", "reason", "sentence"),
    [
        (
            Access(gated=True),
            FailureReason.Gated,
            "Gated: hf://org/model is gated, and you have no access to its files. "
            "Accept the model's terms on its page, and name a secret with HF_TOKEN in secretRef.",
        ),
        (
            Access(private=True),
            FailureReason.NotFound,
            "NotFound: hf://org/model is not on {hub}, or it is private and needs a token. "
            "Check the uri for a misspelt name, revision or path.",
        ),
        (
            Access(status=401),
            FailureReason.Unauthorized,
            "Unauthorized: hf://org/model: a token is needed by {hub}. "
            "Name a secret with valid credentials in spec.source.secretRef, of a store in spec.storage.secretRef.",
        ),
        (
            Access(status=403),
            FailureReason.Unauthorized,
            "Unauthorized: hf://org/model: a token is needed by {hub}. "
            "Name a secret with valid credentials in spec.source.secretRef, of a store in spec.storage.secretRef.",
        ),
        (
            Access(retry_after=30),
            FailureReason.RateLimited,
            "RateLimited: hf://org/model: too many requests to {hub}, which asks to wait 30 seconds. "
            "Wait, or name a secret with credentials: servers limit anonymous downloads more.",
        ),
        (
            Access(status=503),
            FailureReason.Unreachable,
            "Unreachable: hf://org/model: {hub} answers with status 503. "
            "Check the network path to the source, and its endpoint or mirror if you set one.",
        ),
    ],
    ids=["gated", "private", "anonymous", "forbidden", "rate limited", "unavailable"],
)
@pytest.mark.usefixtures("commit")
def test_a_refusal_is_one_sentence_with_a_remedy(
    hub: HubServer, tmp_path: Path, watcher: Watcher, access: Access, reason: FailureReason, sentence: str
) -> None:
    hub.repositories.restrict("org/model", access)
    refusal = failure(tmp_path / "copy", watcher, retries=Retries(attempts=1))
    assert refusal.reason is reason
    assert str(refusal) == sentence.format(hub=hub.url)


@pytest.mark.usefixtures("hub")
def test_a_repository_that_is_not_there_is_named() -> None:
    with pytest.raises(PreparationFailed, match="hf://org/model is not on") as refusal:
        source().resolve()
    assert refusal.value.reason is FailureReason.NotFound


@pytest.mark.usefixtures("commit")
def test_a_revision_that_is_not_there_is_named() -> None:
    with pytest.raises(PreparationFailed, match=r"hf://org/model has no revision 'release/9'\.") as refusal:
        source("release/9").resolve()
    assert refusal.value.reason is FailureReason.NotFound


@pytest.mark.usefixtures("hub")
def test_a_name_that_no_hub_can_have_is_refused() -> None:
    with pytest.raises(PreparationFailed, match="hf://org/-model- is not a valid name of a repository") as refusal:
        source_for("hf://org/-model-", None, Path("/nowhere")).resolve()
    assert refusal.value.reason is FailureReason.NotFound


def test_a_hub_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", f"http://user:password@{endpoint.removeprefix('http://')}/")
        monkeypatch.delenv("TRANSFORMERMODEL_HUB_ENDPOINT", raising=False)
        with pytest.raises(PreparationFailed) as refusal:
            source().resolve()
    assert refusal.value.reason is FailureReason.Unreachable
    assert str(refusal.value) == (
        f"Unreachable: the hub at {endpoint} cannot be reached ([Errno 111] Connection refused). "
        "Check the network path to the source, and its endpoint or mirror if you set one."
    )


def test_our_own_variable_is_stronger_than_the_general_one(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = hub.repositories.publish("org/model", FILES)
    monkeypatch.setenv("TRANSFORMERMODEL_HUB_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert source().resolve().commit == commit


@pytest.mark.usefixtures("commit")
def test_a_token_opens_what_is_gated_or_private(
    hub: HubServer, tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\n")
    for number, access in enumerate((Access(gated=True, tokens=(TOKEN,)), Access(private=True, tokens=(TOKEN,)))):
        hub.repositories.restrict("org/model", access)
        assert set(fetch(tmp_path / str(number), watcher)) == NEEDED
    assert all(request.authorized for request in hub.requests)


@pytest.mark.parametrize("tokens", [("hf_somebody_else",), (TOKEN, "hf_other")], ids=["unknown", "known"])
@pytest.mark.usefixtures("commit")
def test_a_token_never_shows(
    hub: HubServer,
    tmp_path: Path,
    watcher: Watcher,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tokens: tuple[str, ...],
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.repositories.restrict("org/model", Access(tokens=tokens, status=None if TOKEN not in tokens else 503))
    refusal = failure(tmp_path / "copy", watcher, retries=Retries(attempts=1))
    shown = [str(refusal), repr(refusal), repr(refusal.__cause__), *capfd.readouterr(), caplog.text]
    assert not any(TOKEN in text for text in shown)


@pytest.mark.usefixtures("commit")
def test_a_wrong_token_is_reported(
    hub: HubServer, tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    refusal = failure(tmp_path / "copy", watcher)
    assert str(refusal) == (
        f"Unauthorized: hf://org/model: the token in HF_TOKEN is not accepted by {hub.url}. "
        "Name a secret with valid credentials in spec.source.secretRef, of a store in spec.storage.secretRef."
    )


def test_pickles_come_when_there_is_nothing_better(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.publish("org/model", {"config.json": b"{}", "pytorch_model.bin": b"a pickle", "x.gguf": b"better"})
    assert set(fetch(tmp_path / "first", watcher)) == {"config.json", "x.gguf"}
    hub.repositories.publish("org/model", {"config.json": b"{}", "pytorch_model.bin": b"a pickle"})
    assert set(fetch(tmp_path / "second", watcher)) == {"config.json", "pytorch_model.bin"}


def test_a_repository_without_weights_is_refused(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.publish("org/model", {"config.json": b"{}", "tf_model.h5": b"weights"})
    refusal = failure(tmp_path / "copy", watcher)
    assert refusal.reason is FailureReason.UnsupportedSource
    assert "only tf_model.h5, which is not read" in str(refusal)
    assert downloads(hub, "tf_model.h5") == []


SHARDS = {
    "config.json": b"{}",
    "model.safetensors.index.json": b'{"weight_map": {"a": "model-00001.safetensors", "b": "model-00002.safetensors"}}',
    "model-00001.safetensors": b"first",
    "model-00002.safetensors": b"second",
    "model-00003-of-00003.safetensors": b"of another time",
}


def test_only_the_shards_that_the_index_names_and_that_are_missing_come(
    hub: HubServer, tmp_path: Path, watcher: Watcher
) -> None:
    hub.repositories.publish("org/model", SHARDS)
    fetch(tmp_path / "copy", watcher)
    assert downloads(hub, "model-00003-of-00003.safetensors") == []
    (tmp_path / "copy" / "model-00002.safetensors").unlink()
    hub.requests.clear()
    assert fetch(tmp_path / "copy", watcher)["model-00002.safetensors"] == b"second"
    assert [request.path.rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path] == [
        "model-00002.safetensors"
    ]


def test_code_comes_only_when_it_may_run(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.publish("org/model", {**FILES, "modeling.py": b"pass"})
    for code in (False, True):
        here = HubSource("org/model", None, checkpoint_files(code=code))
        copy = here.acquire(here.resolve(), tmp_path / str(code), watcher)
        assert (copy / "modeling.py").exists() is code


@pytest.mark.usefixtures("commit")
def test_what_has_no_room_is_not_begun(hub: HubServer, tmp_path: Path, watcher: Watcher) -> None:
    hub.repositories.restrict("org/model", Access(claimed_size=10**18))
    refusal = failure(tmp_path / "copy", watcher)
    assert refusal.reason is FailureReason.InsufficientStorage
    assert str(refusal).startswith("InsufficientStorage: hf://org/model needs 1,000,000,000,000.0 MB, and ")
    assert not any("/resolve/" in request.path for request in hub.requests)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """What TorchServe serves, with a checkpoint in it."""
    with zipfile.ZipFile(tmp_path / "model.mar", "w") as packed:
        packed.writestr("MAR-INF/MANIFEST.json", "{}")
        for name in NEEDED:
            packed.writestr(name, FILES[name])
    return tmp_path / "model.mar"


def test_a_repository_that_holds_an_archive_is_unpacked(
    hub: HubServer, archive: Path, tmp_path: Path, watcher: Watcher
) -> None:
    commit = hub.repositories.publish("org/model", {"README.md": b"", "model.mar": archive})
    here = source()
    assert here.resolve().identity == f"hf://org/model@{commit}"
    assert here.survey(here.resolve(), tmp_path / "survey").sizes == {"model.mar": archive.stat().st_size}
    files = fetch(tmp_path / "copy", watcher)
    assert {name: files[name] for name in NEEDED} == {name: FILES[name] for name in NEEDED}
    hub.requests.clear()
    fetch(tmp_path / "copy", watcher)
    assert downloads(hub, "model.mar") == []


def test_an_unsafe_archive_on_a_hub_is_refused(hub: HubServer, archive: Path, tmp_path: Path, watcher: Watcher) -> None:
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("../outside", b"")
    hub.repositories.publish("org/model", {"model.mar": archive})
    refusal = failure(tmp_path / "copy", watcher)
    assert refusal.reason is FailureReason.UnsafeArchive
    assert "hf://org/model is not unpacked: its member '../outside' leaves the folder." in refusal.message
    assert not (tmp_path / "outside").exists()


LOGIN = b"<html>\n<body>Please log in</body></html>"


def test_a_page_in_the_place_of_a_hub_is_shown_with_its_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / "api" / "models" / "org" / "model" / "revision" / "main"
    page.parent.mkdir(parents=True)
    page.write_bytes(LOGIN)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as proxy:
        url = f"http://127.0.0.1:{proxy.server_address[1]}"
        monkeypatch.setenv("TRANSFORMERMODEL_HUB_ENDPOINT", url)
        with pytest.raises(PreparationFailed) as refusal:
            source().resolve()
    assert refusal.value.reason is FailureReason.Unreachable
    assert str(refusal.value) == (
        f"Unreachable: hf://org/model: {url}/api/models/org/model/revision/main is not answered by a hub: "
        "'<html> <body>Please log in</body></html>' came, as a page to log in does. "
        "Check the network path to the source, and its endpoint or mirror if you set one."
    )
