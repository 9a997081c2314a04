from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int, c_void_p
from functools import partial
from itertools import pairwise
from threading import Barrier, Thread, get_ident
from time import sleep

import pytest
import torch

from gatebench.machine import turns
from gatebench.machine.turns import Turns, own_stream, pass_on

MANY = 50


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)


COMPILED = CFUNCTYPE(c_int, c_void_p)
"""Makes a function with an address as its argument look like compiled code."""


def outside(function: Callable[[], object], *, is_short: bool = False) -> int:
    """Call a function as compiled code is called. It returns 7."""

    def called(address: int | None) -> int:
        function()
        return 7

    return turns.outside(COMPILED(called), None, is_short=is_short, has_answer=True)


def run_in_turns(*bodies: Callable[[], None]) -> None:
    """Run each function in a place of its own. An error in one is raised here."""
    shared, errors = Turns(), []

    def run(body: Callable[[], None]) -> None:
        try:
            with shared.place():
                body()
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_each_thread_draws_the_numbers_that_it_draws_alone() -> None:
    def draws(seed: int, wait: Callable[[], None]) -> list[float]:
        torch.manual_seed(seed)
        found = []
        for number in range(MANY):
            found.append(torch.rand(3).sum().item())
            (wait if number % 2 else lambda: outside(lambda: None))()
        return found

    expected = {seed: draws(seed, lambda: None) for seed in range(4)}
    found: dict[int, list[float]] = {}
    run_in_turns(*(lambda seed=seed: found.update({seed: draws(seed, pass_on)}) for seed in range(4)))
    assert found == expected


def test_one_thread_has_the_turn_and_the_others_compute_outside() -> None:
    inside: list[int] = []
    barrier = Barrier(3)

    def body() -> None:
        for _ in range(MANY):
            inside.append(get_ident())
            assert len(inside) == 1, "two threads have the turn"
            inside.remove(get_ident())
            pass_on()
        assert outside(partial(barrier.wait, 30)) == 7  # all three are in the call at the same time

    run_in_turns(body, body, body)


def test_each_thread_that_waits_gets_a_turn() -> None:
    order: list[int] = []
    barrier = Barrier(3)

    def body() -> None:
        outside(partial(barrier.wait, 30))
        for _ in range(MANY):
            order.append(get_ident())
            sleep(0.001)  # the others are waiting by then
            pass_on()

    run_in_turns(body, body, body)
    assert sorted(map(order.count, set(order))) == [MANY] * 3
    assert sum(a != b for a, b in pairwise(order)) > MANY


def test_a_turn_lasts_and_a_short_call_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 1e6)
    order: list[int] = []
    barrier = Barrier(2)

    def body() -> None:
        outside(partial(barrier.wait, 30))
        for _ in range(3):
            order.append(get_ident())
            sleep(0.02)
            pass_on()
            assert outside(lambda: None, is_short=True) == 7

    run_in_turns(body, body)
    assert order == [order[0]] * 3 + [order[-1]] * 3
    assert order[0] != order[-1]


def test_an_error_gives_the_turn_to_the_others() -> None:
    def fails() -> None:
        outside(lambda: None)
        raise ValueError("invalid literal")

    done: list[bool] = []
    with pytest.raises(ValueError, match="invalid literal"):
        run_in_turns(fails, lambda: done.append(True))
    assert done == [True]


def test_without_a_place_functions_are_just_called() -> None:
    assert outside(lambda: None) == 7
    pass_on()
    with own_stream("cpu"):
        assert torch.ones(1).item() == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_each_trial_on_a_gpu_has_a_stream_and_random_numbers_of_its_own() -> None:
    streams = []

    def draws(seed: int, wait: Callable[[], None]) -> list[float]:
        torch.manual_seed(seed)
        with own_stream("cuda"):
            streams.append(torch.cuda.current_stream())
            found = []
            for _ in range(MANY):
                found.append(torch.rand(3, device="cuda").sum().item())
                wait()
            return found

    expected = {seed: draws(seed, lambda: None) for seed in range(3)}
    found: dict[int, list[float]] = {}
    run_in_turns(*(lambda seed=seed: found.update({seed: draws(seed, pass_on)}) for seed in range(3)))
    assert found == expected
    assert torch.cuda.default_stream() not in streams
