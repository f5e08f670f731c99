"""How the operator finds its cluster, and what it says when there is none."""

from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_operator.connection import configure, connect, kopf_credentials

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "https://198.18.0.1:6443"}}]
users: [{name: test, user: {token: a-token}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
"""


async def test_the_clients_credentials_are_kopfs_too(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    credentials = await kopf_credentials(await configure({"KUBECONFIG": str(kubeconfig)}))
    assert credentials.server == "https://198.18.0.1:6443"
    assert (credentials.scheme, credentials.token) == ("Bearer", "a-token")


@pytest.mark.parametrize(
    ("none_before", "proxy"), [("example.org", "http://proxy.example.org:3128"), ("198.18.0.1", None)]
)
async def test_a_proxy_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, none_before: str, proxy: str | None
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("no_proxy", none_before)
    configuration = await configure({"KUBECONFIG": str(kubeconfig)})
    assert configuration.proxy == proxy
    assert configuration.client_session_kwargs == {"trust_env": False}


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"KUBECONFIG": "/nonexistent/kubeconfig"}, id="no such file"),
        pytest.param({"KUBERNETES_SERVICE_HOST": "198.18.0.1"}, id="a pod without a service account"),
    ],
)
async def test_without_a_cluster_it_says_what_to_set(environment: dict[str, str]) -> None:
    with pytest.raises(UserError, match="no cluster to connect to: set KUBECONFIG, or run in a pod"):
        await configure(environment)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"a: [", id="not YAML"),
        pytest.param(b"text", id="not an object"),
        pytest.param(b"clusters: 3", id="not a list"),
        pytest.param(b"\xa7", id="not UTF-8"),
    ],
)
async def test_a_malformed_kubeconfig_is_named(tmp_path: Path, content: bytes) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_bytes(content)
    with pytest.raises(UserError, match=f"the kubeconfig {kubeconfig} cannot be read: .*kubectl config view") as caught:
        await configure({"KUBECONFIG": str(kubeconfig)})
    assert "\n" not in str(caught.value)


async def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    of_cluster = '"https://198.18.0.1:6443"'
    kubeconfig.write_text(KUBECONFIG.replace(of_cluster, f"{of_cluster}, certificate-authority-data: bm9uZQ=="))
    configuration = await configure({"KUBECONFIG": str(kubeconfig)})
    with pytest.raises(UserError, match=r"the certificates to connect to https://.* with cannot be used"):
        async with connect(configuration):
            pass
