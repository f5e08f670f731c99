"""A store of TorchServe's: which of its archives are served, under which names, and how."""

import json
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_api.errors import UserError
from transformermodel_predictor.torchserve.archive import ArchiveFormat
from transformermodel_predictor.torchserve.reading.store import ModelStore, is_model_store, read_store
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with three archives in three forms."""
    archives = tmp_path / "model-store"
    packed(archives, name="a", version="2.0")
    packed(archives, name="b", form=ArchiveFormat.tgz)
    packed(archives, name="c", form=ArchiveFormat.no_archive)
    (archives / "notes.txt").write_text("none of them")
    return tmp_path


def configured(store: Path, *lines: str, environment: dict[str, str] | None = None) -> ModelStore:
    (store / "config").mkdir(exist_ok=True)
    (store / "config" / "config.properties").write_text("\n".join(lines))
    return read_store(store, environment or {})


def names(store: ModelStore) -> list[str]:
    return [model.name for model in store.models]


def test_a_store_is_known_by_its_folders(store: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    assert is_model_store(store)
    assert not is_model_store(other)
    (other / "config").mkdir()
    (other / "config" / "config.properties").touch()
    assert is_model_store(other)


class TestWhatIsServed:
    def test_all_archives_where_nothing_else_is_said(self, store: Path) -> None:
        found = read_store(store, {}).models
        assert [(model.name, model.version, model.path.name) for model in found] == [
            ("a", "2.0", "a.mar"),
            ("b", "1.0", "b.tar.gz"),
            ("c", "1.0", "c"),
        ]
        assert names(configured(store, "load_models=ALL")) == ["a", "b", "c"]

    def test_one_that_cannot_be_read_is_left_to_fail_alone(self, store: Path) -> None:
        (store / "model-store" / "damaged.mar").write_bytes(b"no archive")
        assert names(read_store(store, {})) == ["a", "b", "c", "damaged"]

    def test_what_load_models_names(self, store: Path) -> None:
        found = configured(store, "load_models=a.mar, other=b.tar.gz").models
        assert [(model.name, model.path.name) for model in found] == [("a", "a.mar"), ("other", "b.tar.gz")]

    def test_what_the_snapshot_names_and_nothing_else(self, store: Path) -> None:
        snapshot = {
            "name": "startup.cfg",
            "modelCount": 2,
            "models": {
                "bert": {
                    "2.0": {"defaultVersion": True, "marName": "a.mar", "minWorkers": 1, "maxWorkers": 5},
                    "1.0": {"defaultVersion": False, "marName": "b.tar.gz", "batchSize": 4, "maxBatchDelay": 5000},
                }
            },
        }
        two, one = configured(store, "load_models=all", f"model_snapshot={json.dumps(snapshot)}").models

        assert (two.name, two.version, two.path.name, two.is_default) == ("bert", "2.0", "a.mar", True)
        assert (two.settings.min_workers, two.settings.max_workers) == (1, 5)
        assert (one.name, one.version, one.path.name, one.is_default) == ("bert", "1.0", "b.tar.gz", False)
        assert (one.settings.batch_size, one.settings.max_batch_delay) == (4, 5000)

    @pytest.mark.parametrize("said", ["load_models=none", 'model_snapshot={"models":{}}'])
    def test_a_store_that_wants_nothing_served_is_a_mistake(self, store: Path, said: str) -> None:
        with pytest.raises(UserError, match="has nothing to serve"):
            configured(store, said)

    def test_archives_are_where_model_store_says_if_that_is_there(self, store: Path, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        packed(elsewhere, name="d")

        assert names(configured(store, f"model_store={elsewhere}")) == ["d"]
        assert names(configured(store, "model_store=/mnt/models/model-store")) == ["a", "b", "c"]


class TestSettings:
    def test_models_are_set_by_name_and_version_before_what_holds_for_all(self, store: Path) -> None:
        models = {"a": {"2.0": {"batchSize": 8}, "1.0": {"batchSize": 9}}, "b": {"1.0": {"responseTimeout": 5}}}
        a, b, c = configured(
            store,
            f"models={json.dumps(models)}",
            "default_response_timeout=60",
            "default_workers_per_model=2",
            "job_queue_size=10",
        ).models

        assert (a.settings.batch_size, a.settings.response_timeout) == (8, 60)
        assert (b.settings.batch_size, b.settings.response_timeout) == (1, 5)
        assert (c.settings.min_workers, c.settings.max_workers, c.settings.queue_size) == (2, 2, 10)

    def test_keys_that_this_server_does_not_know_are_told_in_one_line(
        self, store: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        usual = (
            "inference_address=http://0.0.0.0:8085",
            "grpc_inference_port=7070",
            "NUM_WORKERS=1",
            "metrics_mode=log",
        )
        configured(store, *usual, "number_of_netty_threads=4", "job_queue_size=10", "load_models=all")
        assert not caplog.messages
        configured(store, *usual, "ts_header_key_sequence_id=session", "cors_allowed_origin=*")
        (told,) = caplog.messages
        assert told.endswith(
            "config.properties: cors_allowed_origin, ts_header_key_sequence_id: no effect here, unless a flag of this "
            "server says the same"
        )

    def test_the_server_s_keys_are_read(self, store: Path) -> None:
        found = configured(
            store,
            "service_envelope=kservev2",
            "decode_input_request=false",
            "limit_max_image_pixels=FALSE",
            "install_py_dep_per_model=true",
            "max_request_size=100",
            "default_startup_timeout=7",
        )
        assert found.max_request_bytes == 100
        assert found.models[0].settings == WorkerSettings(
            envelope="kservev2",
            decode_input=False,
            limit_image_pixels=False,
            use_requirements=True,
            startup_timeout=7,
        )

    def test_a_file_that_names_metrics_is_read_where_it_is_there(
        self, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "own.yaml").touch()
        found = configured(store, f"metrics_config={tmp_path / 'own.yaml'}")
        assert found.models[0].settings.metrics_file == str(tmp_path / "own.yaml")
        assert configured(store, "metrics_config=/lost.yaml").models[0].settings.metrics_file is None
        assert "metrics_config names /lost.yaml, which is not there" in caplog.text

    def test_values_that_do_not_fit_are_told_and_count_as_not_given(
        self, store: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        found = configured(store, "job_queue_size=many", "decode_input_request=perhaps")
        assert found.models[0].settings == WorkerSettings()
        assert "job_queue_size is 'many' instead of a whole number from 1" in caplog.text
        assert "decode_input_request is 'perhaps' instead of true or false" in caplog.text

    def test_the_environment_speaks_only_where_it_is_allowed_to(self, store: Path) -> None:
        environment = {"TS_SERVICE_ENVELOPE": "kserve", "TS_LOAD_MODELS": "b.tar.gz"}
        ignored = configured(store, "load_models=a.mar", environment=environment)
        heard = configured(store, "load_models=a.mar", "enable_envvars_config=true", environment=environment)

        assert (names(ignored), ignored.models[0].settings.envelope) == (["a"], None)
        assert (names(heard), heard.models[0].settings.envelope) == (["b"], "kserve")


class TestMistakes:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("models={", "models is not JSON"),
            ("models=[]", "models is not a JSON object"),
            ('models={"a": 1}', 'models must hold {"a": {"VERSION": {…}}}'),
            ('model_snapshot={"models":{"a":{"1.0":1}}}', "model_snapshot must hold"),
            ("load_models=x.mar", "there is no archive x.mar in"),
            ("load_models=../model-store/a.mar", r"there is no archive \.\./model-store/a.mar in"),
            ("load_models=m=https://host/a.mar", "https://host/a.mar is not fetched: put the archive into"),
            ("load_models=-m=a.mar", "the model's name '-m' must be letters"),
        ],
    )
    def test_what_is_wrong_is_said_with_the_file(self, store: Path, line: str, said: str) -> None:
        with pytest.raises(UserError, match=said):
            configured(store, line)
