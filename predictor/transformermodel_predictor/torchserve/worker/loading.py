"""Loads the handler of an archive."""

from collections.abc import Callable
from pathlib import Path

from transformermodel_predictor.torchserve.wire.messages import Load
from transformermodel_predictor.torchserve.worker.channel import Channel
from transformermodel_predictor.torchserve.worker.entry_point import EntryPoint, find_entry_point, in_envelope
from transformermodel_predictor.torchserve.worker.failure import (
    NotLoadable,
    described,
    is_out_of_memory,
    located,
    remedy_of,
)
from transformermodel_predictor.torchserve.worker.handler_module import HandlerName, import_handler
from transformermodel_predictor.torchserve.worker.service import Service
from ts.context import Context
from ts.metrics.metric_cache_errors import MetricsCacheIOError, MetricsCacheKeyError, MetricsCachePyYamlError
from ts.metrics.metric_cache_yaml_impl import MetricsCacheYamlImpl
from ts.metrics.metrics_file import metrics_file
from ts.version import __version__


def load_service(load: Load, channel: Channel) -> Service:
    """Import and initialize a handler; the working directory is the archive.

    Raises:
        NotLoadable: the handler cannot be loaded; the message has its own error.
    """
    directory = Path(load.directory)
    name = HandlerName.parse(load.handler)
    module = import_handler(name, directory, load.has_requirements and load.packages is None)
    context = _context(load)
    entry_point = _initialized(lambda: find_entry_point(module, name), context, name, directory)
    handle = in_envelope(entry_point.handle, load.envelope)
    return Service(context, handle, channel, directory, load.decode_input)


def _context(load: Load) -> Context:
    metrics = _metrics(Path(load.directory), load.model_name)
    return Context(
        load.model_name,
        load.directory,
        load.manifest,
        load.batch_size,
        load.gpu_id,
        __version__,
        load.limit_image_pixels,
        metrics,
        load.configuration,
    )


def _metrics(directory: Path, model_name: str) -> MetricsCacheYamlImpl:
    try:
        metrics = MetricsCacheYamlImpl(metrics_file(directory), model_name)
    except (MetricsCacheIOError, MetricsCacheKeyError, MetricsCachePyYamlError) as error:
        raise NotLoadable(f"the metrics cannot be read: {error.args[0]}") from error
    metrics.initialize_cache()
    return metrics


def _initialized(find: Callable[[], EntryPoint], context: Context, name: HandlerName, directory: Path) -> EntryPoint:
    """Find the entry point and initialize the handler."""
    try:
        entry_point = find()
        entry_point.initialize(context)
    except NotLoadable:
        raise
    except BaseException as error:
        reason = f"{described(error)}{located(error, directory)}"
        if is_out_of_memory(error):
            raise NotLoadable(f"memory ran out while {name.path} was initialized: {reason}", 507) from error
        raise NotLoadable(f"{name.path} cannot be initialized: {reason}{remedy_of(error)}") from error
    return entry_point
