"""TLS and the bearer token, over real connections."""

import logging
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import httpx
import pytest
import torch
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer, running
from transformermodel_api.errors import CorruptArtifact, UserError
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.messages import SERVICE, messages
from transformermodel_predictor.server.certificate import KeyPair
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.serving import serve
from transformermodel_predictor.server.token import ENVIRONMENT_VARIABLE, Token, read_token

SECRET = "correct horse"
BODY = {"instances": ["good"]}


def make_key_pair(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "1", "-keyout", key, "-out", certificate, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture(scope="module")
def key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_key_pair(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def other_key_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_key_pair(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def server(tiny_model: LoadedModel, key_pair: tuple[Path, Path]) -> Iterator[RunningServer]:
    certificate, key = key_pair
    options = ServerOptions(grpc_port=0, metrics_port=0, certificate=certificate, key=key, token=Token(SECRET))
    with running({"tiny": tiny_model}, options) as server:
        yield server


@pytest.fixture
def client(server: RunningServer, key_pair: tuple[Path, Path]) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=server.url, verify=ssl.create_default_context(cafile=key_pair[0]), timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture
def channel(server: RunningServer, key_pair: tuple[Path, Path]) -> Iterator[grpc.Channel]:
    with grpc.secure_channel(server.grpc_address, grpc.ssl_channel_credentials(key_pair[0].read_bytes())) as channel:
        yield channel


class TestHTTP:
    def test_the_token_opens(self, client: httpx.Client, server: RunningServer) -> None:
        assert server.url.startswith("https://")
        for scheme in ("Bearer", "bearer"):
            headers = {"authorization": f"{scheme} {SECRET}"}
            assert client.post("/v1/models/tiny:predict", json=BODY, headers=headers).status_code == 200

    @pytest.mark.parametrize("given", [None, "", SECRET, "Bearer", f"Bearer {SECRET}x", f"Basic {SECRET}"])
    def test_nothing_else_does(self, client: httpx.Client, given: str | None) -> None:
        headers = {} if given is None else {"authorization": given}
        for path in ("/v1/models/tiny:predict", "/v2/repository/models/tiny/unload", "/nowhere"):
            response = client.post(path, json=BODY, headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            assert "Authorization: Bearer" in response.json()["error"]
        assert client.get("/metrics", headers=headers).status_code == 401

    @pytest.mark.parametrize("path", ["/", "/ping", "/v2/health/live", "/v2/health/ready", "/v2/models/tiny/ready"])
    def test_probes_need_none(self, client: httpx.Client, path: str) -> None:
        assert client.get(path).status_code == 200

    def test_prometheus_needs_none_on_its_own_port_where_nothing_else_is_answered(self, server: RunningServer) -> None:
        told = httpx.get(server.metrics_url, timeout=PATIENCE_SECONDS)
        assert told.status_code == 200
        assert "transformermodel_model_info{" in told.text
        for path in ("/", "/v2/models/tiny", "/openapi.json"):
            assert httpx.get(httpx.URL(server.metrics_url, path=path), timeout=PATIENCE_SECONDS).status_code == 404

    def test_the_error_has_the_protocols_form(self, client: httpx.Client) -> None:
        assert client.post("/predictions/tiny", content="good").json()["type"] == "InvalidTokenException"


class TestGRPC:
    @staticmethod
    def infer(channel: grpc.Channel, **metadata: str) -> grpc.StatusCode:
        call = channel.unary_unary(
            f"/{SERVICE}/ModelMetadata", lambda message: message.SerializeToString(), lambda raw: raw
        )
        try:
            call(messages.ModelMetadataRequest(name="tiny"), metadata=list(metadata.items()), timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
        return grpc.StatusCode.OK

    def test_the_token_opens_and_nothing_else_does(self, channel: grpc.Channel) -> None:
        assert self.infer(channel, authorization=f"Bearer {SECRET}") is grpc.StatusCode.OK
        assert self.infer(channel, authorization="Bearer wrong") is grpc.StatusCode.UNAUTHENTICATED
        assert self.infer(channel) is grpc.StatusCode.UNAUTHENTICATED

    def test_probes_need_none(self, channel: grpc.Channel) -> None:
        checked = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert checked.status == health_pb2.HealthCheckResponse.SERVING


class TestToken:
    def test_it_comes_from_a_file_or_the_environment(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(f"{SECRET}\n")
        for token in (
            read_token(tmp_path / "token", {ENVIRONMENT_VARIABLE: "other"}),
            read_token(None, {ENVIRONMENT_VARIABLE: SECRET}),
        ):
            assert token is not None
            assert token.in_header(f"Bearer {SECRET}")
        assert read_token(None, {}) is None

    def test_an_empty_one_is_no_protection_and_refused(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(" \n")
        with pytest.raises(UserError, match="holds no token"):
            read_token(tmp_path / "token", {})
        with pytest.raises(UserError, match=ENVIRONMENT_VARIABLE):
            read_token(None, {ENVIRONMENT_VARIABLE: ""})
        with pytest.raises(UserError, match="cannot be read"):
            read_token(tmp_path / "none", {})

    def test_it_is_not_printed(self) -> None:
        assert SECRET not in repr(ServerOptions(token=Token(SECRET)))


class TestOptions:
    def test_a_certificate_without_its_key_is_found_early(self, key_pair: tuple[Path, Path], tmp_path: Path) -> None:
        certificate, key = key_pair
        for wrong, problem in (
            (ServerOptions(certificate=certificate), "give both"),
            (ServerOptions(certificate=certificate, key=tmp_path / "none"), "--ssl-keyfile .* is not a file"),
            (ServerOptions(certificate=key, key=certificate), "no pair of PEM files"),
        ):
            with pytest.raises(UserError, match=problem):
                wrong.require_usable()
        ServerOptions(http_port=0, certificate=certificate, key=key).require_usable()

    @pytest.mark.parametrize(
        ("options", "is_open"),
        [
            (ServerOptions(host="0.0.0.0"), True),
            (ServerOptions(host="::"), True),
            (ServerOptions(host="0.0.0.0", token=Token(SECRET)), False),
            (ServerOptions(host="127.0.0.1"), False),
            (ServerOptions(host="localhost"), False),
            (ServerOptions(host="::1"), False),
        ],
    )
    def test_whether_anybody_may_ask(self, options: ServerOptions, is_open: bool) -> None:
        assert options.is_open is is_open

    def test_a_server_that_is_open_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(
            "transformermodel_predictor.server.serving.limit_threads", lambda wanted: torch.get_num_threads()
        )
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        for host, said in (("127.0.0.1", False), ("0.0.0.0", True)):
            with caplog.at_level(logging.WARNING), pytest.raises(CorruptArtifact):
                serve({"tiny": tmp_path}, ServerOptions(host=host, http_port=0))
            assert ("without TLS and without a token" in caplog.text) is said


class TestRenewal:
    """The certificate's files are replaced while the server runs, as cert-manager and the kubelet do."""

    @pytest.fixture
    def files(self, key_pair: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
        certificate, key = (Path(shutil.copy(file, tmp_path)) for file in key_pair)
        return certificate, key

    def replace(self, files: tuple[Path, Path], by: tuple[Path, Path]) -> None:
        for file, other in zip(files, by, strict=True):
            Path(shutil.copy(other, f"{file}.new")).replace(file)

    def test_new_connections_see_the_new_one_and_open_ones_stay(
        self,
        tiny_model: LoadedModel,
        files: tuple[Path, Path],
        key_pair: tuple[Path, Path],
        other_key_pair: tuple[Path, Path],
    ) -> None:
        certificate, key = files
        options = ServerOptions(grpc_port=0, certificate=certificate, key=key)
        with running({"tiny": tiny_model}, options) as server, trusting(server, key_pair) as open_before:
            assert open_before.get("/v2/health/live").status_code == 200
            self.replace(files, other_key_pair)
            with trusting(server, other_key_pair) as new, trusting(server, key_pair) as old:
                assert new.get("/v2/health/live").status_code == 200
                assert open_before.get("/v2/health/live").status_code == 200
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    old.get("/v2/health/live")
            credentials = grpc.ssl_channel_credentials(other_key_pair[0].read_bytes())
            with grpc.secure_channel(server.grpc_address, credentials) as channel:
                check = health_pb2_grpc.HealthStub(channel).Check
                assert check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS).status

    def test_a_pair_that_does_not_fit_changes_nothing_and_is_told(
        self, files: tuple[Path, Path], other_key_pair: tuple[Path, Path], caplog: pytest.LogCaptureFixture
    ) -> None:
        pair = KeyPair(*files)
        files[0].write_bytes(other_key_pair[0].read_bytes())
        assert not pair.renewed()
        assert "the TLS certificate stays as it was" in caplog.text
        files[1].write_bytes(other_key_pair[1].read_bytes())
        assert pair.renewed()
        assert not pair.renewed()


def trusting(server: RunningServer, key_pair: tuple[Path, Path]) -> httpx.Client:
    context = ssl.create_default_context(cafile=key_pair[0])
    return httpx.Client(base_url=server.url, verify=context, timeout=PATIENCE_SECONDS)
