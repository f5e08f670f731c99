"""Everything that handlers are known to import is there, and what cannot work says so."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.predictor.torchserve.ts.archives import context_of
from transformermodel_predictor.torchserve.testing import handlers_can_import
from transformermodel_predictor.torchserve.worker.import_path import HANDLER_PATH

with handlers_can_import():
    from ts.handler_utils.distributed.deepspeed import create_checkpoints_json, get_ds_engine
    from ts.handler_utils.distributed.pt_pippy import get_pipeline_driver, initialize_rpc_workers
    from ts.handler_utils.preprocess.dali import get_dali_pipeline
    from ts.unsupported import Unsupported

NAMES = [
    "ts.__version__",
    "ts.context.Context",
    "ts.context.RequestProcessor",
    "ts.handler_utils.distributed.deepspeed.get_ds_engine",
    "ts.handler_utils.distributed.pt_pippy.get_pipeline_driver",
    "ts.handler_utils.distributed.pt_pippy.initialize_rpc_workers",
    "ts.handler_utils.hf_batch_streamer.TextIteratorStreamerBatch",
    "ts.handler_utils.micro_batching.MicroBatching",
    "ts.handler_utils.text_utils.get_tokenizer",
    "ts.handler_utils.text_utils.ngrams_iterator",
    "ts.handler_utils.timer.timed",
    "ts.handler_utils.utils.import_class",
    "ts.handler_utils.utils.send_intermediate_predict_response",
    "ts.metrics.caching_metric.CachingMetric",
    "ts.metrics.dimension.Dimension",
    "ts.metrics.metric.Metric",
    "ts.metrics.metric_cache_abstract.MetricCacheAbstract",
    "ts.metrics.metric_cache_yaml_impl.MetricsCacheYamlImpl",
    "ts.metrics.metric_type_enum.MetricTypes",
    "ts.metrics.metrics_store.MetricsStore",
    "ts.metrics.process_memory_metric.check_process_mem_usage",
    "ts.metrics.process_memory_metric.get_cpu_usage",
    "ts.metrics.unit.Units",
    "ts.protocol.otf_message_handler.send_intermediate_predict_response",
    "ts.service.PredictionException",
    "ts.service.emit_metrics",
    "ts.torch_handler.base_handler.BaseHandler",
    "ts.torch_handler.base_handler.PROFILER_AVAILABLE",
    "ts.torch_handler.contractions.CONTRACTION_MAP",
    "ts.torch_handler.dali_handler.DALIHandler",
    "ts.torch_handler.dali_image_classifier.DALIImageClassifier",
    "ts.torch_handler.distributed.base_deepspeed_handler.BaseDeepSpeedHandler",
    "ts.torch_handler.distributed.base_pippy_handler.BasePippyHandler",
    "ts.torch_handler.image_classifier.ImageClassifier",
    "ts.torch_handler.image_segmenter.ImageSegmenter",
    "ts.torch_handler.object_detector.ObjectDetector",
    "ts.torch_handler.request_envelope.base.BaseEnvelope",
    "ts.torch_handler.request_envelope.body.BodyEnvelope",
    "ts.torch_handler.request_envelope.json.JSONEnvelope",
    "ts.torch_handler.request_envelope.kserve.KServeEnvelope",
    "ts.torch_handler.request_envelope.kservev2.KServev2Envelope",
    "ts.torch_handler.text_classifier.TextClassifier",
    "ts.torch_handler.text_handler.TextHandler",
    "ts.torch_handler.trt_llm_handler.TRTLLMHandler",
    "ts.torch_handler.unit_tests.test_utils.mock_context.MockContext",
    "ts.torch_handler.vision_handler.VisionHandler",
    "ts.torch_handler.vllm_handler.VLLMHandler",
    "ts.utils.util.CLEANUP_REGEX",
    "ts.utils.util.PredictionException",
    "ts.utils.util.check_valid_pt2_backend",
    "ts.utils.util.import_class",
    "ts.utils.util.list_classes_from_module",
    "ts.utils.util.load_compiler_config",
    "ts.utils.util.load_label_mapping",
    "ts.utils.util.map_class_to_label",
    "ts.version.__version__",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize(
    "name",
    [
        "dali_handler.DALIHandler",
        "dali_image_classifier.DALIImageClassifier",
        "distributed.base_deepspeed_handler.BaseDeepSpeedHandler",
        "distributed.base_pippy_handler.BasePippyHandler",
        "trt_llm_handler.TRTLLMHandler",
        "vllm_handler.VLLMHandler",
    ],
)
def test_a_handler_that_cannot_run_here_says_so_when_it_is_loaded(tmp_path: Path, name: str) -> None:
    module, _, kind = name.rpartition(".")
    base = getattr(importlib.import_module(f"ts.torch_handler.{module}"), kind)
    own = type("Own", (base,), {})
    with pytest.raises(Unsupported, match=r"not supported: \w+"):
        own().initialize(context_of(tmp_path))


def test_their_functions_say_so_too() -> None:
    for refused in (
        lambda: create_checkpoints_json("", ""),
        lambda: get_ds_engine(None, None),
        lambda: get_pipeline_driver(None, 1, None),
        lambda: initialize_rpc_workers(0, 1, None),
        lambda: get_dali_pipeline(None),
    ):
        with pytest.raises(Unsupported, match=r"not supported: \w+"):
            refused()


def test_a_handler_without_torch_does_not_pay_for_it() -> None:
    light = "ts.context ts.handler_utils.utils ts.metrics.metric_cache_yaml_impl ts.service ts.utils.util"
    light += " ts.torch_handler.request_envelope.kservev2 ts.torch_handler.request_envelope.json"
    program = (
        f"import sys, importlib; sys.path.insert(0, {str(HANDLER_PATH)!r})\n"
        f"for name in {light.split()}: importlib.import_module(name)\n"
        "print(*({'torch', 'numpy', 'transformers', 'kserve', 'captum', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
