"""The stand-in speaks to huggingface_hub's own client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from tests.hub.repositories import Access
from tests.hub.server import HubServer, serving

FILES = {"config.json": b'{"model_type": "bert"}', "model.safetensors": bytes(range(256)) * 1024}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with serving(tmp_path / "hub") as server:
        yield server


def api(hub: HubServer, token: str | bool = False) -> HfApi:
    return HfApi(endpoint=hub.url, token=token)


def test_a_branch_is_resolved_to_the_commit_it_points_at(hub: HubServer) -> None:
    first = hub.repositories.publish("org/model", FILES)
    assert api(hub).model_info("org/model").sha == first

    second = hub.repositories.publish("org/model", {**FILES, "README.md": b"more"})
    assert second != first
    assert api(hub).model_info("org/model", revision="main").sha == second
    assert api(hub).model_info("org/model", revision=first).sha == first

    hub.repositories.point("org/model", "release/1", first)
    assert api(hub).model_info("org/model", revision="release/1").sha == first


def test_a_listing_has_sizes_and_hashes(hub: HubServer) -> None:
    hub.repositories.publish("org/model", FILES)
    info = api(hub).model_info("org/model", files_metadata=True)
    assert info.siblings is not None
    weights = next(file for file in info.siblings if file.rfilename == "model.safetensors")
    assert weights.size == len(FILES["model.safetensors"])
    assert weights.lfs is not None
    assert len(weights.lfs.sha256) == 64
    assert {entry.path for entry in api(hub).list_repo_tree("org/model")} == set(FILES)


def test_a_snapshot_has_the_bytes_of_its_commit(hub: HubServer, tmp_path: Path) -> None:
    commit = hub.repositories.publish("org/model", FILES)
    hub.repositories.publish("org/model", {"config.json": b"{}"})
    folder = snapshot_download("org/model", revision=commit, endpoint=hub.url, local_dir=tmp_path / "copy", token=False)
    assert {name: (Path(folder) / name).read_bytes() for name in FILES} == FILES
    assert {request.status for request in hub.requests} == {200}


def test_what_is_not_there_is_reported_as_the_hub_does(hub: HubServer) -> None:
    hub.repositories.publish("org/model", FILES)
    with pytest.raises(RepositoryNotFoundError):
        api(hub).model_info("org/other")
    with pytest.raises(RevisionNotFoundError):
        api(hub).model_info("org/model", revision="v9")


def test_a_gated_repository_shows_itself_but_not_its_files(hub: HubServer, tmp_path: Path) -> None:
    commit = hub.repositories.publish("org/model", FILES)
    hub.repositories.restrict("org/model", Access(gated=True, tokens=("hf_member",)))
    assert api(hub).model_info("org/model").sha == commit
    with pytest.raises(GatedRepoError):
        hf_hub_download("org/model", "config.json", endpoint=hub.url, local_dir=tmp_path, token=False)
    path = hf_hub_download("org/model", "config.json", endpoint=hub.url, local_dir=tmp_path, token="hf_member")
    assert Path(path).read_bytes() == FILES["config.json"]


def test_a_private_repository_is_unknown_without_a_token(hub: HubServer) -> None:
    commit = hub.repositories.publish("org/model", FILES)
    hub.repositories.restrict("org/model", Access(private=True, tokens=("hf_member",)))
    with pytest.raises(RepositoryNotFoundError):
        api(hub).model_info("org/model")
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        api(hub, "hf_wrong").model_info("org/model")
    assert api(hub, "hf_member").model_info("org/model").sha == commit


def test_too_many_requests_are_refused(hub: HubServer) -> None:
    hub.repositories.publish("org/model", FILES)
    hub.repositories.restrict("org/model", Access(retry_after=30))
    with pytest.raises(HfHubHTTPError, match="429") as refused:
        api(hub).model_info("org/model")
    assert refused.value.response.headers["Retry-After"] == "30"


def test_tokens_are_not_in_the_log(hub: HubServer) -> None:
    hub.repositories.publish("org/model", FILES)
    hub.repositories.restrict("org/model", Access(tokens=("hf_member",)))
    api(hub, "hf_member").model_info("org/model")
    assert hub.requests[-1].authorized
    assert "hf_member" not in repr(hub.requests)
