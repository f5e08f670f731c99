"""The base class of handlers whose rows are images."""

import base64
import io
from abc import ABC
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import nn

from ts.handler_utils.timer import timed
from ts.torch_handler.base_handler import BaseHandler
from ts.torch_handler.compilation import original
from ts.torch_handler.explained_row import input_of
from ts.torch_handler.explained_target import require_output
from ts.torch_handler.missing_package import require
from ts.utils.prediction_exception import PredictionException

_STEPS = 15
"""Number of integration steps, the same as TorchServe's."""


class VisionHandler(BaseHandler, ABC):
    """Converts images to tensors with `image_processing`, which subclasses define.

    Attributes:
        image_processing: converts a PIL image to a tensor [channels, height, width].
    """

    image_processing: ClassVar[Any] = None

    def initialize(self, context: Any) -> None:
        """Load the model, and lift Pillow's size limit on images if the server allows that.

        Raises:
            MissingPackage: the class's own image processing needs a package that is not installed.
        """
        if type(self).preprocess is VisionHandler.preprocess:
            _ = self.image_processing
        super().initialize(context)
        if context.system_properties.get("limit_max_image_pixels") is False:
            _pillow().MAX_IMAGE_PIXELS = None

    @cached_property
    def ig(self) -> Any:
        """Captum's IntegratedGradients of the model.

        Raises:
            PredictionException: status 501, the model has no gradients.
        """
        model = original(self.model)
        if not isinstance(model, nn.Module):
            raise PredictionException(f"a {type(model).__name__} has no gradients, which an explanation needs", 501)
        from captum.attr import IntegratedGradients

        return IntegratedGradients(model)

    @timed
    def preprocess(self, data: Sequence[Any]) -> Any:
        """Convert images to one tensor.

        Args:
            data: [N] rows, each an image file's bytes, the same in base64, or the values of a preprocessed image.

        Returns:
            float32 [N, channels, height, width] on the device.
        """
        return self._together([self._image(input_of(row)) for row in data])

    def _image(self, given: Any) -> torch.Tensor:
        if isinstance(given, str):
            given = base64.b64decode(given)
        if isinstance(given, bytes | bytearray):
            with _pillow().open(io.BytesIO(given)) as image:
                tensor: torch.Tensor = self.image_processing(image)
                return tensor
        return torch.as_tensor(given, dtype=torch.float32)

    def _together(self, images: Sequence[torch.Tensor]) -> Any:
        return torch.stack(list(images)).to(self.device)

    def get_insights(self, tensor_data: torch.Tensor, _: Any, target: Any = 0) -> list[Any]:
        """How much every pixel contributes to a class, by integrated gradients from a black image.

        Args:
            tensor_data: [N, channels, height, width].
            target: the class's index.

        Returns:
            The contributions in the shape of the images.

        Raises:
            InvalidTarget: the model has no such class.
        """
        attribution = self.ig
        with torch.no_grad():
            require_output(target, original(self.model)(tensor_data))
        attributions = attribution.attribute(tensor_data, target=target, n_steps=_STEPS)
        return list(attributions.tolist())


def _pillow() -> Any:
    return require("PIL.Image", "an image")
