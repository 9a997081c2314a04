"""The learning rates of the schedules against the formulas in `gatebench.training.schedule`."""

from dataclasses import replace
from itertools import chain
from math import cos, inf, pi
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn, optim

from gatebench.control import Control
from gatebench.task import Metric
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.learner import Learner
from gatebench.training.schedule import LearningRateSchedule, ScheduleState, make_schedule
from gatebench.training.trainer import train
from gatebench.training_settings import Training
from tests.gatebench.training.sign import TRIAL, Sign

ACCURACY = Metric("accuracy", "max")
STEPS = 3
"""The number of steps of an epoch."""


def made(**settings: Any) -> tuple[LearningRateSchedule, optim.Optimizer]:
    """Return a schedule for a learning rate of 1, and its optimiser."""
    weight = nn.Parameter(torch.zeros(1))
    optimizer = optim.SGD([weight], lr=1.0)
    schedule = make_schedule(Training(max_epochs=8, **settings), optimizer, ACCURACY)
    assert schedule is not None
    optimizer.step()  # without a gradient: torch warns of a scheduler that steps before its optimiser
    return schedule, optimizer


def rates(scores: list[float], **settings: Any) -> list[list[float]]:
    """Return the learning rate of each step, by epoch, if the epochs have these scores."""
    schedule, optimizer = made(**settings)
    found: list[list[float]] = []
    for score in scores:
        found.append([])
        for _ in range(STEPS):
            found[-1].append(schedule.rate)
            optimizer.step()
            schedule.after_step()
        schedule.after_epoch(score)
    return found


def test_without_a_schedule_there_is_none() -> None:
    assert make_schedule(Training(), optim.SGD([nn.Parameter(torch.zeros(1))]), ACCURACY) is None


def test_step() -> None:
    found = rates([0.0] * 7, schedule="step", schedule_factor=0.1, schedule_epochs=3)
    assert [epoch[0] for epoch in found] == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.01])
    assert all(len(set(epoch)) == 1 for epoch in found)


def test_cosine() -> None:
    found = rates([0.0] * 8, schedule="cosine")
    assert [epoch[0] for epoch in found] == pytest.approx([(1 + cos(pi * e / 8)) / 2 for e in range(8)])


def test_plateau() -> None:
    """The rate is halved after each 2 epochs without a better score; an equal score is not better."""
    scores = [0.5, 0.5, 0.4, 0.6, 0.6, 0.6, 0.6, 0.6, 0.7]
    found = rates(scores, schedule="plateau", schedule_factor=0.5, schedule_epochs=2)
    assert [epoch[0] for epoch in found] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_plateau_follows_the_direction_of_the_metric() -> None:
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    settings = Training(schedule="plateau", schedule_epochs=1)
    schedule = LearningRateSchedule(settings, optimizer, Metric("nll", "min"))
    for score, rate in ((5.0, 1.0), (4.0, 1.0), (4.5, 0.5)):
        schedule.after_epoch(score)
        assert schedule.rate == rate
    assert schedule.state().best == 4.0


def test_a_tiny_learning_rate_is_still_reduced() -> None:
    optimizer = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1e-9)
    schedule = LearningRateSchedule(Training(schedule="plateau", schedule_epochs=1), optimizer, ACCURACY)
    schedule.after_epoch(0.5)
    schedule.after_epoch(0.5)
    assert schedule.rate == 5e-10


def test_warmup() -> None:
    found = [rate for epoch in rates([0.0] * 3, warmup_steps=5) for rate in epoch]
    assert found == pytest.approx([1 / 5, 2 / 5, 3 / 5, 4 / 5, 1, 1, 1, 1, 1])


@pytest.mark.parametrize("schedule", ["step", "cosine", "plateau"])
def test_the_warmup_multiplies_the_schedule(schedule: str) -> None:
    own: dict[str, Any] = {} if schedule == "cosine" else {"schedule_epochs": 1}
    scores = [0.5, 0.5, 0.6, 0.6]
    both, alone = rates(scores, schedule=schedule, warmup_steps=7, **own), rates(scores, schedule=schedule, **own)
    for number, (rate, other) in enumerate(zip(chain(*both), chain(*alone), strict=True), start=1):
        assert rate == pytest.approx(min(number / 7, 1) * other)


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine", "plateau"])
def test_a_schedule_continues_from_its_state(schedule: str) -> None:
    own: dict[str, Any] = {"schedule_epochs": 2} if schedule in ("step", "plateau") else {}
    settings: dict[str, Any] = {"schedule": schedule, "warmup_steps": 11, **own}
    scores = [0.5, 0.4, 0.6, 0.6, 0.6, 0.7]
    (one, optimizer), found, expected = made(**settings), [], []
    for number, score in enumerate(scores):
        for step in range(STEPS):
            optimizer.step()
            one.after_step()
            other, _ = made(**settings)
            other.load(one.state())
            assert other.state() == one.state()
            found.append(following(other, scores[number:], STEPS - step - 1))
            again, _ = made(**settings)
            replay(again, scores[:number], step + 1)
            expected.append(following(again, scores[number:], STEPS - step - 1))
        one.after_epoch(score)
    assert found == expected


def replay(schedule: LearningRateSchedule, scores: list[float], steps: int) -> None:
    for score in scores:
        for _ in range(STEPS):
            schedule.after_step()
        schedule.after_epoch(score)
    for _ in range(steps):
        schedule.after_step()


def following(schedule: LearningRateSchedule, scores: list[float], steps: int) -> list[float]:
    """Return the rates of all later steps; `steps` of the present epoch are left."""
    found = []
    for score in scores:
        for _ in range(steps):
            found.append(schedule.rate)
            schedule.after_step()
        schedule.after_epoch(score)
        steps = STEPS
    return [*found, schedule.rate]


def test_a_training_follows_its_schedule_and_records_it() -> None:
    settings: dict[str, Any] = {
        "optimizer": "sgd",
        "schedule": "step",
        "schedule_epochs": 1,
        "warmup_steps": 6,
        "batch_size": 64,
    }
    trial = replace(TRIAL, training=replace(TRIAL.training, learning_rate=1.0, max_epochs=3, **settings))
    built = Learner(trial, Sign().load(Path()))
    train(built, TrialSaver(built, [built.problem], Control()), built.metric, lambda _: None)
    recorded = [epoch["train/learning_rate"] for epoch in built.history]  # of the step after the epoch's last one
    assert recorded == pytest.approx([5 / 6, 1 / 2, 1 / 4])


def test_a_training_without_a_schedule_records_no_rate() -> None:
    built = Learner(TRIAL, Sign().load(Path()))
    train(built, TrialSaver(built, [built.problem], Control()), built.metric, lambda _: None)
    assert "train/learning_rate" not in built.history[-1]
    assert built.schedule is None


def test_a_state_is_plain() -> None:
    schedule, _ = made(schedule="cosine")
    assert schedule.state() == ScheduleState(rate=1.0, steps=0, epochs=0, best=-inf, waited=0)
