from transformermodel_predictor.torchserve.workers.environment import worker_environment


def test_handlers_get_the_environment_without_the_servers_credentials() -> None:
    server = {
        "PATH": "/bin",
        "LOG_LOCATION": "/logs",
        "TEMP": "/scratch",
        "AWS_REGION": "eu-west-1",
        "OMP_NUM_THREADS": "2",
        "MY_DATABASE_PASSWORD": "meant for the handler",
    }
    secrets = {
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "x",
        "AZURE_STORAGE_CONNECTION_STRING": "x",
        "AZURE_CLIENT_SECRET": "x",
        "GOOGLE_APPLICATION_CREDENTIALS": "x",
        "HF_TOKEN": "x",
        "HUGGING_FACE_HUB_TOKEN": "x",
        "TRANSFORMERMODEL_TOKEN": "x",
        "TRANSFORMERMODEL_MANAGEMENT_TOKEN": "x",
    }
    assert worker_environment({**server, **secrets}, decode_input=False) == {
        **server,
        "TS_DECODE_INPUT_REQUEST": "false",
    }


def test_handlers_get_what_is_meant_for_them_under_its_own_name() -> None:
    server = {"HF_TOKEN": "of the server", "TRANSFORMERMODEL_HANDLER_HF_TOKEN": "of the handler"}
    assert worker_environment(server, decode_input=True) == {
        "HF_TOKEN": "of the handler",
        "TS_DECODE_INPUT_REQUEST": "true",
    }


def test_handlers_get_the_file_with_their_metrics_that_the_configuration_names() -> None:
    server = {"TS_METRICS_CONFIG": "/elsewhere.yaml"}
    named = worker_environment(server, decode_input=True, metrics_file="/store/metrics.yaml")
    assert named["TS_METRICS_CONFIG"] == "/store/metrics.yaml"
    assert "TS_METRICS_CONFIG" not in worker_environment(server, decode_input=True)
