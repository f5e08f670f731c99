from transformermodel_api.generate import checkout, outdated
from transformermodel_cli.server_reference import generated_files, server_page


def test_the_reference_is_what_the_code_says() -> None:
    assert outdated(generated_files(checkout())) == [], "run `make generate`"


def test_it_has_urls_flags_environment_keys_and_metrics() -> None:
    page = server_page()
    for shown in (
        "POST `/v2/models/{name}/infer`",
        "`--grpc-port`, `--grpc_port`",
        "`TRANSFORMERMODEL_TOKEN`",
        "`BetterTransformer`",
        "`transformermodel_requests_total{model, protocol, status}`",
    ):
        assert shown in page
