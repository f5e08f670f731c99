import pytest

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.context import Context, RequestProcessor
    from ts.handler_utils.utils import send_intermediate_predict_response
    from ts.intermediate import Piece
    from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
    from ts.protocol import otf_message_handler


@pytest.fixture
def context() -> Context:
    """A context with two requests in hand."""
    made = Context("m", "/archive", {"model": {}}, 4, None, "0.12.0", True, MetricsCacheYamlImpl(), {"handler": {}})
    made.begin_batch({0: "a", 1: "b"}, [{"Content-Type": "text/plain", "ts_request_sequence_id": "s"}, {}])
    return made


def test_it_tells_what_the_worker_was_given(context: Context) -> None:
    assert context.system_properties == {
        "model_dir": "/archive",
        "gpu_id": None,
        "batch_size": 4,
        "server_name": "MMS",
        "server_version": "0.12.0",
        "limit_max_image_pixels": True,
    }
    assert context.model_yaml_config == {"handler": {}}


def test_a_context_made_by_a_test_has_neither_configuration_nor_requests() -> None:
    context = Context("m", "/archive", {}, 1, 0, "0.12.0")
    assert context.model_yaml_config is None
    assert context.get_request_header(0, "explain") is None
    assert context.get_request_id() is None


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_headers_are_found_in_whatever_case(context: Context, name: str) -> None:
    assert context.get_request_header(0, name) == "text/plain"
    assert context.get_all_request_header(0)[name] == "text/plain"
    assert name in context.get_all_request_header(0)
    assert context.request_processor[0].get_request_property(name) == "text/plain"
    assert context.get_request_header(1, name) is None


def test_a_test_of_a_handler_may_give_it_requests_by_torchserves_own_name(context: Context) -> None:
    context._request_processor = [RequestProcessor({"explain": "True"})]
    assert context.get_request_header(0, "explain") == "True"
    assert context._request_processor is context.request_processor


def test_it_knows_requests_and_sequences_by_row(context: Context) -> None:
    assert [context.get_request_id(row) for row in (0, 1)] == ["a", "b"]
    assert [context.get_sequence_id(row) for row in (0, 1)] == ["s", None]


def test_the_headers_of_sequences_can_be_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TS_REQUEST_SEQUENCE_ID", "own-id")
    context = Context("m", "/archive", {}, 1, None, "0.12.0")
    context.begin_batch({0: "a"}, [{"own-id": "s"}])
    assert context.get_sequence_id(0) == "s"


def test_status_headers_and_content_type_are_of_one_row(context: Context) -> None:
    context.set_response_status(code=404, phrase="no such thing", idx=1)
    context.set_response_content_type(1, "text/csv")
    context.set_response_header(0, "X-Own", "1")
    assert context.get_response_status(0) == (200, None)
    assert context.get_response_status(1) == (404, "no such thing")
    assert context.get_response_content_type(0) is None
    assert context.get_response_content_type(1) == "text/csv"
    assert context.get_response_headers(0) == {"X-Own": "1"}


def test_older_handlers_speak_with_the_request_processor() -> None:
    processor = RequestProcessor({"Accept": "text/html"})
    processor.report_status(507, "out of memory")
    processor.add_response_property("Content-Type", "text/html")
    assert processor.get_request_properties() == {"accept": "text/html"}
    assert (processor.get_response_status_code(), processor.get_response_status_phrase()) == (507, "out of memory")
    assert processor.get_response_headers() == {"Content-Type": "text/html"}
    assert processor.get_response_header("content-type") == "text/html"


def test_another_batch_begins_anew_but_keeps_what_the_handler_hung_on_the_context(context: Context) -> None:
    context.set_all_response_status(500, "broken")
    context.cache = {"a": 1}
    context.begin_batch({0: "c"}, [{}])
    assert context.get_response_status(0) == (200, None)
    assert context.cache == {"a": 1}


@pytest.mark.parametrize(
    "send", [send_intermediate_predict_response, otf_message_handler.send_intermediate_predict_response]
)
def test_pieces_go_to_their_rows(context: Context, send: object) -> None:
    sent: list[Piece] = []
    context._sender = sent.extend
    send(["x", "y"], context.request_ids, "so far", 200, context)
    send({"b": "z"}, {"b": "b"}, "so far", 200, context)
    send(None, {0: "a"}, "failed", 500, context)
    assert sent == [
        Piece(0, "x", 200, "so far"),
        Piece(1, "y", 200, "so far"),
        Piece(1, "z", 200, "so far"),
        Piece(0, "failed", 500, "failed"),
    ]


def test_pieces_that_nobody_takes_are_an_error(context: Context) -> None:
    with pytest.raises(RuntimeError, match="nobody takes"):
        send_intermediate_predict_response(["x"], {0: "a"}, "so far", 200, context)
