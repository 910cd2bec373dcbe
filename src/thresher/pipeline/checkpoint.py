"""The weights that a job leaves."""

from pathlib import Path

from safetensors.torch import load_file, save

from thresher.files import write_bytes
from thresher.models.build import build_model
from thresher.models.photo_model import PhotoModel
from thresher.pipeline.score import is_linear
from thresher.recipe.schema import ModelSection


def save_checkpoint(model: PhotoModel, section: ModelSection, folder: Path) -> None:
    """Writes what cannot be had elsewhere: the whole model once it was trained, else the head alone."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if is_linear(section):
        state = {name: tensor for name, tensor in state.items() if name.startswith("head.")}
    write_bytes(folder / "checkpoint.safetensors", save(state, {"backbone": section.backbone}))


def load_checkpoint(section: ModelSection, classes: int, folder: Path) -> PhotoModel:
    """A job's model for K classes, on the CPU and in eval mode."""
    model = build_model(section, classes, pretrained=is_linear(section))
    model.load_state_dict(load_file(folder / "checkpoint.safetensors"), strict=not is_linear(section))
    return model.eval()
