"""Pretrained weights from the hub through timm, with a quick answer where there is no network."""

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING

from thresher.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor


def hub_state(backbone: str, patience: float = 5.0) -> "dict[str, Tensor]":
    """Downloads the pretrained weights of a timm backbone, or finds them in the local hub cache.

    Args:
        backbone: timm's name.
        patience: seconds until an unreachable hub is given up.

    Returns:
        tensors under timm's names, at the backbone's own image size, without a classifier.

    Raises:
        WeightsError: there are none, or the hub cannot be reached.
    """
    import timm

    config = timm.get_pretrained_cfg(backbone)
    if config is None or not (config.hf_hub_id or config.url):
        raise WeightsError(f"timm knows no pretrained weights for {backbone}")
    with _offline_if_unreachable(patience) as reachable:
        try:
            return dict(timm.create_model(backbone, pretrained=True, num_classes=0).state_dict())
        except Exception as error:  # the hub client, urllib and timm raise many kinds
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            if not reachable:
                why = "the hub cannot be reached, and they are not in its local cache"
            raise WeightsError(f"the weights of {backbone} did not come from the hub ({why})") from error


@contextlib.contextmanager
def _offline_if_unreachable(patience: float) -> Iterator[bool]:
    """Lets the hub client use its cache only, if the hub does not answer: its own retries take a minute."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    reachable = not before and answers(constants.ENDPOINT, patience)
    constants.HF_HUB_OFFLINE = not reachable
    try:
        yield reachable
    finally:
        constants.HF_HUB_OFFLINE = before


def answers(address: str, patience: float) -> bool:
    """Whether a web server answers at all, through the proxies that the environment names."""
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(address, method="HEAD")
        with contextlib.suppress(OSError, ValueError):
            with contextlib.suppress(urllib.error.HTTPError):  # an answer, if not a friendly one
                urllib.request.urlopen(request, timeout=patience).close()
            answered.set()

    # In a thread, because no timeout covers the look-up of the host's name.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(patience)
    return answered.is_set()
