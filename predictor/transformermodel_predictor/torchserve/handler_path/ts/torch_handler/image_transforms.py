"""Default preprocessing of images."""

from collections.abc import Callable
from typing import Any

from ts.torch_handler.missing_package import require

MEAN = (0.485, 0.456, 0.406)
"""Of ImageNet's red, green and blue."""

DEVIATION = (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue."""


class Transforms:
    """A class attribute that needs torchvision only when it is first read, not when the class is defined.

    Args:
        make: creates the transform from the module `torchvision.transforms`.
    """

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self._made: Any = None

    def __get__(self, instance: object, owner: type) -> Any:
        if self._made is None:
            self._made = self._make(require("torchvision.transforms", f"{owner.__name__}.image_processing"))
        return self._made


def for_classification(transforms: Any) -> Any:
    """Images of 224 by 224 pixels, normalised with ImageNet's colours."""
    return transforms.Compose(
        [
            coloured,
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean=MEAN, std=DEVIATION),
        ]
    )


def for_detection(transforms: Any) -> Any:
    """Images in their original size."""
    return transforms.Compose([coloured, transforms.ToTensor()])


def coloured(image: Any) -> Any:
    """Convert an image to RGB, in case it is grey, palette-based or transparent."""
    return image.convert("RGB")
