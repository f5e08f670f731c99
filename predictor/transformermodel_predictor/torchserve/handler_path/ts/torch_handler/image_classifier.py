"""The default handler `image_classifier`."""

from typing import Any, ClassVar

import torch

from ts.handler_utils.timer import timed
from ts.torch_handler.image_transforms import Transforms, for_classification
from ts.torch_handler.vision_handler import VisionHandler
from ts.utils.labels import map_class_to_label


class ImageClassifier(VisionHandler):
    """Answers each image with the probabilities of its most probable classes, by their labels.

    Attributes:
        topk: number of classes; all if the model has fewer.
    """

    topk: int = 5
    image_processing: ClassVar[Any] = Transforms(for_classification)

    def set_max_result_classes(self, topk: int) -> None:
        """Set the number of classes to answer."""
        self.topk = topk

    def get_max_result_classes(self) -> int:
        """The number of classes to answer."""
        return self.topk

    @timed
    def postprocess(self, data: torch.Tensor) -> list[dict[str, float]]:
        """The most probable classes of each image.

        Args:
            data: logits [N, classes].

        Returns:
            [N]; probabilities by label, the highest first.
        """
        probabilities = torch.softmax(data, dim=1)
        top, classes = probabilities.topk(min(self.topk, probabilities.shape[1]), dim=1)
        return map_class_to_label(top.tolist(), self.mapping, classes.tolist())
