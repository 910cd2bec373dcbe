"""Which parameters learn at which rate, and which decay."""

import pytest
from torch import nn

from thresher.optim.groups import parameter_groups


def parts():
    body = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 1, bias=False)
    )
    return nn.Linear(4, 2), body


def found(groups):
    """id of parameter -> (rate, decay)."""
    return {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


def test_rates_and_decay_of_every_parameter():
    head, body = parts()
    by_id = found(parameter_groups(head, body, 0.5, 0.1, 0.01))
    rates = {
        head.weight: (0.5, 0.01),
        head.bias: (0.5, 0.0),
        body[0].weight: (pytest.approx(0.05), 0.01),
        body[0].bias: (pytest.approx(0.05), 0.0),
        body[1].weight: (pytest.approx(0.05), 0.0),
        body[1].bias: (pytest.approx(0.05), 0.0),
        body[2].weight: (pytest.approx(0.05), 0.0),
        body[2].bias: (pytest.approx(0.05), 0.0),
        body[3].weight: (pytest.approx(0.05), 0.01),
    }
    for parameter, wanted in rates.items():
        assert by_id[id(parameter)] == wanted
    everything = [*head.parameters(), *body.parameters()]
    groups = parameter_groups(head, body, 0.5, 0.1, 0.01)
    assert sorted(by_id) == sorted(id(parameter) for parameter in everything)
    assert sum(len(group["params"]) for group in groups) == len(everything)


def test_without_a_body_or_a_rate_for_it_only_the_head_learns():
    head, body = parts()
    for groups in (parameter_groups(head, None, 0.5, 0.1, 0.01), parameter_groups(head, body, 0.5, 0, 0.01)):
        assert set(found(groups)) == {id(head.weight), id(head.bias)}


def test_frozen_parameters_are_left_out():
    head, body = parts()
    body[1].requires_grad_(False)
    by_id = found(parameter_groups(head, body, 0.5, 0.1, 0.01))
    assert not {id(body[1].weight), id(body[1].bias)} & set(by_id)
    body.requires_grad_(False)
    assert set(found(parameter_groups(head, body, 0.5, 0.1, 0.01))) == {id(head.weight), id(head.bias)}
