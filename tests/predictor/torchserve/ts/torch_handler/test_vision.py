import base64
import io
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import nn

from tests.predictor.torchserve.ts.archives import EXPLAIN, ask, context_of
from tests.predictor.torchserve.ts.torch_handler.models import write_onnx
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler import image_transforms
    from ts.torch_handler.image_classifier import ImageClassifier
    from ts.torch_handler.image_segmenter import ImageSegmenter
    from ts.torch_handler.missing_package import MissingPackage
    from ts.torch_handler.object_detector import ObjectDetector
    from ts.torch_handler.vision_handler import VisionHandler
    from ts.utils.util import PredictionException

RED, BLUE = (255, 0, 0), (0, 0, 255)
CLASSIFIER = """\
from torch import nn


class Brightest(nn.Module):
    def forward(self, x):
        return x.mean(dim=(2, 3))
"""
"""Its logits are the mean of red, of green and of blue."""
SEGMENTER = CLASSIFIER.replace("x.mean(dim=(2, 3))", "{'out': x}")
DETECTOR = """\
import torch
from torch import nn


class Whole(nn.Module):
    def forward(self, images):
        found = []
        for image in images:
            channels, height, width = image.shape
            boxes = torch.tensor([[0.0, 0.0, width, height]] * channels)
            found.append({"boxes": boxes, "labels": torch.arange(channels), "scores": image.mean(dim=(1, 2))})
        return found
"""
"""It finds each colour in the whole image, as sure as there is of it."""


def to_tensor(image: Image.Image) -> torch.Tensor:
    """What torchvision's ToTensor does."""
    pixels = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
    return pixels.reshape(image.height, image.width, 3).permute(2, 0, 1) / 255


def png(colour: tuple[int, int, int], size: tuple[int, int] = (4, 2)) -> bytes:
    """An image file of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def loaded(handler: VisionHandler, directory: Path, model: str, **settings: Any) -> Any:
    """A handler with a model and its labels."""
    (directory / "colours.py").write_text(model)
    (directory / "index_to_name.json").write_text('{"0": "red", "1": "green", "2": "blue"}')
    handler.initialize(context_of(directory, modelFile="colours.py", **settings))
    return handler


class Classifier(ImageClassifier):
    image_processing = staticmethod(to_tensor)


class Detector(ObjectDetector):
    image_processing = staticmethod(to_tensor)


class Segmenter(ImageSegmenter):
    image_processing = staticmethod(to_tensor)


@pytest.fixture
def classifier(tmp_path: Path) -> Any:
    return loaded(Classifier(), tmp_path, CLASSIFIER)


def test_a_model_with_fewer_classes_than_asked_for_names_all(classifier: Any) -> None:
    (answer,) = ask(classifier, classifier.context, [{"data": png(RED)}])
    assert next(iter(answer)) == "red"
    assert answer == pytest.approx({"red": 0.576, "green": 0.212, "blue": 0.212}, abs=1e-3)


def test_as_many_classes_are_answered_as_are_wanted(classifier: Any) -> None:
    classifier.set_max_result_classes(1)
    assert classifier.get_max_result_classes() == 1
    assert [list(answer) for answer in ask(classifier, classifier.context, [{"body": png(BLUE)}])] == [["blue"]]


def test_images_come_as_bytes_in_base64_or_prepared(classifier: Any) -> None:
    given = [
        {"data": png(RED)},
        {"body": bytearray(png(RED))},
        {"body": base64.b64encode(png(RED)).decode()},
        {"body": to_tensor(Image.open(io.BytesIO(png(RED)))).tolist()},
    ]
    answers = ask(classifier, classifier.context, given)
    assert answers == [answers[0]] * 4


def test_every_image_of_a_batch_is_explained_for_its_own_class(classifier: Any) -> None:
    rows = [{"data": png(RED), "target": 0}, {"data": png(RED), "target": "2"}]
    explained = torch.tensor(ask(classifier, classifier.context, rows, EXPLAIN))
    assert explained.shape == (2, 3, 2, 4)
    # The logit is the mean of its colour's pixels, so each of the 8 contributes an eighth of its value.
    assert torch.allclose(explained[0, 0], torch.full((2, 4), 1 / 8))
    assert not explained[0, 1:].any()
    assert not explained[1].any()


def test_an_image_is_not_explained_for_a_class_that_there_is_not(classifier: Any) -> None:
    context = classifier.context
    answer = ask(classifier, context, [{"data": png(RED), "target": "3"}], EXPLAIN)
    assert answer == ["target 3 cannot be explained: it must be a whole number from 0 to 2"]
    assert context.get_response_status(0) == (400, "Bad Request")


def test_a_model_without_gradients_cannot_be_explained(tmp_path: Path) -> None:
    handler = Classifier()
    handler.initialize(context_of(tmp_path, **write_onnx(tmp_path)))
    with pytest.raises(PredictionException, match="InferenceSession has no gradients") as raised:
        ask(handler, handler.context, [{"data": png(RED)}], EXPLAIN)
    assert raised.value.error_code == 501


def test_objects_are_named_above_the_threshold_in_images_of_any_size(tmp_path: Path) -> None:
    detector = loaded(Detector(), tmp_path, DETECTOR)
    found = ask(detector, detector.context, [{"data": png(RED)}, {"data": png((0, 255, 255), (6, 3))}])
    assert found == [
        [{"red": [0.0, 0.0, 4.0, 2.0], "score": 1.0}],
        [{"green": [0.0, 0.0, 6.0, 3.0], "score": 1.0}, {"blue": [0.0, 0.0, 6.0, 3.0], "score": 1.0}],
    ]
    detector.threshold = 1.1
    assert ask(detector, detector.context, [{"data": png(RED)}]) == [[]]


def test_every_pixel_has_its_class_and_probability(tmp_path: Path) -> None:
    segmenter = loaded(Segmenter(), tmp_path, SEGMENTER)
    (answer,) = ask(segmenter, segmenter.context, [{"data": png(BLUE)}])
    pixels = torch.tensor(answer)
    assert pixels.shape == (2, 4, 2)
    assert (pixels[..., 0] == 2).all()
    assert torch.allclose(pixels[..., 1], torch.tensor(0.576), atol=1e-3)


@pytest.mark.parametrize(("handler", "model"), [(Detector, DETECTOR), (Segmenter, SEGMENTER)])
def test_models_with_many_answers_are_not_explained(tmp_path: Path, handler: Any, model: str) -> None:
    made = loaded(handler(), tmp_path, model)
    with pytest.raises(PredictionException, match="explains nothing: it has an answer for each"):
        ask(made, made.context, [{"data": png(RED)}], EXPLAIN)


@pytest.mark.parametrize("limited", [True, False])
def test_large_images_pass_where_the_server_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3)
    handler = loaded(Classifier(), tmp_path, CLASSIFIER, limit_pixels=limited)
    if limited:
        with pytest.raises(Image.DecompressionBombError):
            ask(handler, handler.context, [{"data": png(RED)}])
    else:
        assert len(ask(handler, handler.context, [{"data": png(RED)}])) == 1


@pytest.fixture
def no_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("torchvision", "torchvision.transforms"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("no_torchvision")
@pytest.mark.parametrize("handler", [ImageClassifier, ImageSegmenter, ObjectDetector])
def test_without_torchvision_a_default_handler_says_at_load_what_to_do(tmp_path: Path, handler: Any) -> None:
    needed = rf"{handler.__name__}.image_processing needs the package torchvision.*requirements\.txt"
    with pytest.raises(MissingPackage, match=needed):
        loaded(handler(), tmp_path, CLASSIFIER)


@pytest.mark.usefixtures("no_torchvision")
def test_without_torchvision_a_handler_that_prepares_images_itself_works(tmp_path: Path) -> None:
    class Own(ImageClassifier):
        def preprocess(self, data: Any) -> torch.Tensor:
            return torch.stack([to_tensor(Image.open(io.BytesIO(row["data"]))) for row in data])

    handler = loaded(Own(), tmp_path, CLASSIFIER)
    assert next(iter(ask(handler, handler.context, [{"data": png(RED)}])[0])) == "red"


class Step(nn.Module):
    """One of torchvision's transforms, by its name and arguments."""

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.said = (name, *args, *kwargs.values())


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A torchvision that remembers what it is asked for."""
    transforms: Any = types.ModuleType("torchvision.transforms")
    transforms.Compose = list
    for name in ("Resize", "CenterCrop", "ToTensor", "Normalize"):
        setattr(transforms, name, lambda *args, name=name, **kwargs: Step(name, *args, **kwargs))
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.transforms", transforms)
    kept = [vars(handler)["image_processing"] for handler in (ImageClassifier, ObjectDetector)]
    yield
    for transform in kept:
        transform._made = None


@pytest.mark.usefixtures("torchvision")
def test_images_are_prepared_as_imagenets_models_want_them() -> None:
    coloured, *others = ImageClassifier.image_processing
    assert [step.said for step in others] == [
        ("Resize", 256),
        ("CenterCrop", 224),
        ("ToTensor",),
        ("Normalize", image_transforms.MEAN, image_transforms.DEVIATION),
    ]
    assert coloured(Image.new("LA", (1, 1))).mode == "RGB"
    assert [step.said for step in ObjectDetector.image_processing[1:]] == [("ToTensor",)]
