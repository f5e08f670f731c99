"""The default handler `object_detector`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch

from ts.handler_utils.timer import timed
from ts.torch_handler.image_transforms import Transforms, for_detection
from ts.torch_handler.vision_handler import VisionHandler
from ts.utils.prediction_exception import PredictionException


class ObjectDetector(VisionHandler):
    """Answers each image with the objects detected in it.

    Attributes:
        threshold: minimum score of an object.
    """

    threshold: float = 0.5
    image_processing: ClassVar[Any] = Transforms(for_detection)

    def _together(self, images: Sequence[torch.Tensor]) -> Any:
        """One tensor, or a sequence of images if their sizes differ."""
        if len({image.shape for image in images}) == 1:
            return super()._together(images)
        return [image.to(self.device) for image in images]

    @timed
    def inference(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Run the model on a tensor or on images of different sizes."""
        if not isinstance(data, list):
            return super().inference(data, *args, **kwargs)
        with torch.inference_mode():
            return self.model(data, *args, **kwargs)

    def postprocess(self, data: Sequence[Mapping[str, torch.Tensor]]) -> list[list[dict[str, Any]]]:
        """The objects of each image.

        Args:
            data: [N]; for each image `boxes` [K, 4], `labels` [K] and `scores` [K].

        Returns:
            [N]; for each object its box [left, top, right, bottom] in pixels, keyed by its label, and its `score`.
        """
        return [self._objects(found) for found in data]

    def _objects(self, found: Mapping[str, torch.Tensor]) -> list[dict[str, Any]]:
        names = self.mapping or {}
        every = zip(found["labels"].tolist(), found["boxes"].tolist(), found["scores"].tolist(), strict=True)
        return [
            {str(names.get(str(label), label)): box, "score": score}
            for label, box, score in every
            if score >= self.threshold
        ]

    def get_insights(self, tensor_data: Any, _: Any, target: Any = 0) -> list[Any]:
        """Not supported: a model with one answer per object has no single answer to explain."""
        raise PredictionException("ObjectDetector explains nothing: it has an answer for each object", 501)
