"""One stage's model with all that moves its weights: mixing, loss, optimizer, schedule, averaging."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from thresher.losses.class_weights import class_weights
from thresher.models.layers import settle, trainable
from thresher.models.photo_model import PhotoModel
from thresher.optim.base import to_eval, to_train
from thresher.optim.groups import parameter_groups
from thresher.optim.rates import rate_and_decay
from thresher.recipe.part import build
from thresher.recipe.schema import TrainStage
from thresher.training.batch_norm import batch_norm_held, freeze_batch_norm
from thresher.training.harness import Harness
from thresher.training.memory import keep_memory
from thresher.training.task import Batch, Supervised


class Learner:
    """Takes optimizer steps.

    Args:
        model: trained in place.
        stage: what the recipe says; its precision is resolved.
        harness: device and processes.
        steps: optimizer steps of the whole stage.
        counts: training photos of each class (K,), or their shares in it; for weights per class.
    """

    def __init__(
        self, model: PhotoModel, stage: TrainStage, harness: Harness, steps: int, counts: np.ndarray
    ) -> None:
        keep_memory()
        self.model, self.stage, self.harness, self.steps = model, stage, harness, steps
        self.trains_body = bool(trainable(model, stage.layers if stage.body_lr > 0 else "head"))
        self._hold_batch_norms()
        self.net = harness.wrap(model)
        lr, decay = rate_and_decay(stage.optimizer)
        body = model.backbone if self.trains_body else None
        groups = parameter_groups(model.top, body, lr, stage.body_lr, decay, stage.layer_decay)
        self.optimizer = build("optim", stage.optimizer, groups)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.schedule = build("schedules", stage.schedule)
        self.average = build("averaging", stage.averaging, model)
        self.mixer = None if stage.mixing["name"] == "none" else build("mixing", stage.mixing)
        weight = None
        if stage.class_weight != "none":
            counts = np.pad(counts, (0, model.classes - len(counts)))  # an unknown class has no photos
            weight = harness.put(class_weights(counts, stage.class_weight, stage.class_weight_beta))
        self.task = Supervised(build("losses", stage.loss).to(harness.device), model.head, weight)

    def train(self) -> None:
        """Into training mode: what learns follows the batch, the rest holds still."""
        settle(self.model)
        self._hold_batch_norms()
        to_train(self.optimizer)

    def eval(self) -> None:
        """Weights as they are scored, without the average."""
        to_eval(self.optimizer)
        self.model.eval()

    def mixed(self, batch: Batch, rng: np.random.Generator, step: int) -> Batch:
        """The batch as the loss sees it: photos mixed, targets soft."""
        index, soft = batch.targets, batch.targets
        if soft.ndim == 2:  # taught so; an unknown class has no share
            index = soft.argmax(1)
            soft = nn.functional.pad(soft, (0, self.model.classes - soft.shape[1]))
        if self.mixer is None:
            return replace(batch, targets=soft)
        if soft.ndim == 1:
            soft = nn.functional.one_hot(soft, self.model.classes).float()
        maps = lambda: self.model.cam(batch.photos, index)  # noqa: E731
        photos, targets = self.mixer(batch.photos, soft, rng, step / self.steps, maps, step)
        return Batch(photos, targets, batch.weight, batch.share)

    def step(self, batches: list[Batch], step: int) -> list[float]:
        """Moves the weights once.

        Args:
            batches: whose gradients are summed, each with its share.
            step: from 0, of the whole stage.

        Returns:
            the loss of each batch.
        """
        factor = self.schedule.factor(step, self.steps, self.stage.epochs)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.task.loss.at(step / self.steps)
        losses = self._gradients(batches)
        if self.optimizer.two_pass:
            self.optimizer.climb()
            with batch_norm_held(self.model):
                self._gradients(batches)
        if self.stage.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.stage.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.after_step()
        return losses

    def state(self) -> dict[str, Any]:
        """What has to be saved to continue."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state(),
            "average": self.average.state(),
            "loss": self.task.loss.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from what `state` returned."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.restore(state["schedule"])
        self.average.restore(state["average"])
        self.task.loss.load_state_dict(state["loss"])

    def _gradients(self, batches: list[Batch]) -> list[float]:
        """Adds up gradients; processes exchange them in the last batch."""
        losses = []
        for number, batch in enumerate(batches, start=1):
            with self.harness.accumulating(self.net, number == len(batches)):
                with self.harness.autocast(self.stage.precision):
                    loss = self.task(self.net, batch)["loss"]
                torch.autograd.backward(loss * batch.share)
            losses.append(float(loss.detach()))
        return losses

    def _hold_batch_norms(self) -> None:
        if self.stage.batch_norm != "train":
            freeze_batch_norm(self.model, affine=self.stage.batch_norm == "frozen")
