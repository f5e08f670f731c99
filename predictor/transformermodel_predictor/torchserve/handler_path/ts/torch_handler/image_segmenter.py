"""The default handler `image_segmenter`."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from ts.torch_handler.image_transforms import Transforms, for_classification
from ts.torch_handler.vision_handler import VisionHandler
from ts.utils.prediction_exception import PredictionException


class ImageSegmenter(VisionHandler):
    """Answers each image with the most probable class of each pixel, and its probability."""

    image_processing: ClassVar[Any] = Transforms(for_classification)

    def postprocess(self, data: Mapping[str, torch.Tensor]) -> list[Any]:
        """The class of each pixel.

        Args:
            data: logits [N, classes, height, width] as `out`.

        Returns:
            [N][height][width][2]: the class's index and its probability.
        """
        probabilities, classes = torch.softmax(data["out"], dim=1).max(dim=1)
        return list(torch.stack((classes.to(probabilities.dtype), probabilities), dim=3).tolist())

    def get_insights(self, tensor_data: Any, _: Any, target: Any = 0) -> list[Any]:
        """Not supported: a model with one answer per pixel has no single answer to explain."""
        raise PredictionException("ImageSegmenter explains nothing: it has an answer for each pixel", 501)
