import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from gatebench.records.claims import Claims, Silences
from gatebench.records.home import Home
from gatebench.records.owner import forget_owners, owner_of
from gatebench.records.record import Record

DRIVER = """
import json, random, sys, time
from pathlib import Path
from gatebench.records.claims import Claims
from gatebench.records.home import Home
from gatebench.records.owner import owner_of
from gatebench.records.record import Record

root, uri, study, seed, shift, digests = json.loads(sys.argv[1])
now = time.time
time.time = lambda: now() + shift
home, order = Home(Path(root)), random.Random(seed)
order.shuffle(digests)
with owner_of(home) as owner, Claims(Record(home, study, uri), owner, beat_seconds=0.2, dead_seconds=600.0) as claims:
    print("ready", flush=True)
    sys.stdin.readline()
    taken = []
    while digests:
        size = order.randint(1, 9)
        part, digests = digests[:size], digests[size:]
        taken += claims.take(part)
        time.sleep(0.05)
    print(json.dumps(taken), flush=True)
    sys.stdin.readline()
"""


class Driver:
    """Another process that claims digests in random parts."""

    def __init__(
        self,
        home: Home,
        uri: str,
        study: str,
        digests: list[str],
        *,
        seed: int = 0,
        shift: float = 0,
        hold: bool = False,
    ) -> None:
        command = json.dumps([str(home.root), uri, study, seed, shift, digests])
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def wait(self) -> None:
        """Return when the process may start."""
        assert self._line() == "ready\n"

    def go_on(self) -> None:
        """Let the process begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def taken(self) -> list[str]:
        return list(json.loads(self._line()))

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    _ = Record(home, "first").experiment_id
    return home


@pytest.fixture
def drivers(request: pytest.FixtureRequest, shared_home: Home) -> Iterator["Drivers"]:
    """The claims of several owners in a study of its own."""
    with ExitStack() as stack:
        yield Drivers(stack, shared_home, request.node.name)


class Drivers:
    """Makes claims of new owners. Their heartbeats are written by `beat` alone."""

    def __init__(self, stack: ExitStack, home: Home, study: str) -> None:
        self.now = 0.0
        self.home, self.study, self._stack = home, study, stack

    def new(self, home: Home | None = None) -> Claims:
        place = home or self.home
        owner = self._stack.enter_context(owner_of(place))
        record = Record(place, self.study, self.home.tracking_uri)
        claims = Claims(record, owner, beat_seconds=3600.0, dead_seconds=60.0, clock=lambda: self.now)
        return self._stack.enter_context(claims)

    def silent_for(self, seconds: float, *watching: Claims) -> None:
        """Let time pass in which some drivers write heartbeats."""
        for _ in range(int(seconds / 10)):
            self.now += 10
            for claims in watching:
                beat(claims)


def beat(claims: Claims) -> None:
    with claims._lock, claims._noting_problems():
        claims._beat()


def test_a_digest_has_one_owner(drivers: Drivers) -> None:
    one, two = drivers.new(), drivers.new()
    assert one.take(["a", "b"]) == {"a", "b"}
    assert two.take(["b", "c"]) == {"c"}
    assert one.take(["a", "b", "c"]) == {"a", "b"}
    assert one.others(["a", "b", "c", "d"]) == {"c": two._owner.label}
    assert one.problem is None


def test_a_claim_that_is_given_back_may_be_taken(drivers: Drivers) -> None:
    one, two = drivers.new(), drivers.new()
    one.take(["a", "b"])
    one.give_back(["a"])
    beat(one)
    assert two.take(["a", "b"]) == {"a"}


def test_a_trial_that_another_owner_has_ended_is_not_run_again(drivers: Drivers) -> None:
    one, two = drivers.new(), drivers.new()
    one.take(["a"])
    assert two.take(["a"]) == frozenset()
    one.release(["a"])
    assert one.take(["b"]) == {"b"}  # the release is written with it
    assert two.take(["a"]) == frozenset()
    assert two.others(["a"]) == {}
    assert two.take(["a"]) == {"a"}  # it has looked at the outcomes again, and wants another run
    assert drivers.new().take(["b", "c"]) == {"c"}


def test_a_trial_that_ended_before_the_outcomes_were_read_may_be_run_again(drivers: Drivers) -> None:
    one = drivers.new()
    one.take(["a"])
    one.release(["a"])
    beat(one)
    assert drivers.new().take(["a"]) == {"a"}


def test_many_releases_are_written(drivers: Drivers) -> None:
    one, digests = drivers.new(), [f"{n:016x}" for n in range(130)]
    one.take(digests)
    one.release(digests[:125])
    one.give_back(digests[125:])
    beat(one)
    assert drivers.new().take(digests) == set(digests)


@pytest.mark.parametrize("is_away", [False, True])
def test_a_released_trial_may_be_tried_again_by_its_owner(drivers: Drivers, is_away: bool) -> None:
    one, two = drivers.new(), drivers.new()
    one.take(["a", "b"])
    one.release(["a"])
    one.give_back(["b"])
    one.problem = "the records are away" if is_away else None
    assert one.take(["a", "b"]) == {"a", "b"}
    beat(one)
    two.take(["a", "b"])
    assert two.take(["a", "b"]) == frozenset()


def test_the_claims_of_a_dead_owner_of_this_home_are_free_when_the_next_one_begins(drivers: Drivers) -> None:
    with (
        suppress(KeyboardInterrupt),
        owner_of(drivers.home) as owner,
        Claims(Record(drivers.home, drivers.study), owner) as claims,
    ):
        claims.take(["a"])
        claims.problem = "the records are away"  # so that the end writes nothing
        raise KeyboardInterrupt
    one = drivers.new()
    forget_owners(drivers.home, [owner.name])
    assert one.take(["a"]) == {"a"}


def test_the_end_gives_all_claims_back(drivers: Drivers) -> None:
    with owner_of(drivers.home) as owner, Claims(Record(drivers.home, drivers.study), owner) as claims:
        claims.take([f"d{n}" for n in range(600)])
        two = drivers.new()
        assert two.take(["d0", "d599"]) == frozenset()
    assert two.take(["d0", "d599"]) == {"d0", "d599"}
    assert two.is_dead(owner.name)
    assert list(two._open().heartbeats()) == [two._name]


def test_an_owner_of_another_home_is_dead_after_a_minute_of_silence(drivers: Drivers, tmp_path: Path) -> None:
    one, two = drivers.new(Home(tmp_path / "far")), drivers.new()
    one.take(["a"])
    two.take(["b"])
    beat(two)
    drivers.silent_for(50, two)
    beat(one)
    drivers.silent_for(60, two)
    assert two.take(["a"]) == frozenset()  # a minute has not passed since the first look after its last heartbeat
    assert not two.is_dead(one._name)
    drivers.silent_for(10, two)
    assert two.take(["a"]) == {"a"}
    assert two.is_dead(one._name)
    assert list(two._open().heartbeats()) == [two._name]


def test_an_owner_that_did_not_answer_learns_what_it_has_lost(drivers: Drivers, tmp_path: Path) -> None:
    one, two = drivers.new(Home(tmp_path / "far")), drivers.new()
    one.take(["a", "b"])
    beat(two)
    drivers.silent_for(70, two)
    assert two.take(["a"]) == {"a"}
    beat(one)
    assert one.lost() == {"a"}
    assert two.take(["b"]) == frozenset()
    assert one.take(["a", "b", "c"]) == {"b", "c"}
    assert two.others(["b"]) == {"b": one._owner.label}


def test_without_the_records_all_may_be_run_and_the_claims_are_made_up_for(
    drivers: Drivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = drivers.new(), drivers.new()
    two.take(["b"])
    with monkeypatch.context() as patch:
        patch.setattr(one._record.client, "log_param", refuse)
        patch.setattr(one._record.client, "get_run", refuse)
        assert one.take(["a", "b"]) == {"a", "b"}
        assert str(one.problem).endswith("cannot be used: no route to host.")
        beat(one)
        assert one.problem
        one.release(["c"])
    beat(one)
    assert not one.problem
    assert two.take(["a"]) == frozenset()
    beat(one)
    assert one.lost() == {"b"}


def refuse(*_: object) -> None:
    raise OSError("no route to host")


def test_threads_share_the_work(drivers: Drivers) -> None:
    digests = [f"{n:016x}" for n in range(120)]
    claims = [drivers.new() for _ in range(3)]
    taken: list[str] = []

    def work(number: int) -> None:
        order = random.Random(number)
        todo = order.sample(digests, len(digests))
        while todo:
            size = order.randint(1, 9)
            taken.extend(claims[number].take(todo[:size]))
            todo = todo[size:]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == digests


@pytest.mark.parametrize("shift", [pytest.param(0.0, marks=pytest.mark.slow), 1e6])
def test_two_processes_share_the_work_whatever_their_clocks_say(
    shared_home: Home, tmp_path: Path, shift: float
) -> None:
    digests = [f"{n:016x}" for n in range(100)]
    uri, study = shared_home.tracking_uri, f"processes {shift}"
    pair = [
        Driver(home, uri, study, digests, seed=seed, shift=seed * shift)
        for seed, home in enumerate([shared_home, Home(tmp_path / "other")])
    ]
    for driver in pair:
        driver.wait()
    for driver in pair:
        driver.go_on()
    taken = [driver.taken() for driver in pair]
    for driver in pair:
        driver.process.communicate("\n", timeout=60)
        assert driver.process.returncode == 0
    assert sorted(taken[0] + taken[1]) == digests
    assert all(taken)


@pytest.mark.parametrize("shares_home", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_a_killed_process_held_is_taken_over(shared_home: Home, tmp_path: Path, shares_home: bool) -> None:
    digests = [f"{n:016x}" for n in range(50)]
    study = f"killed {shares_home}"
    dead_seconds = 600.0 if shares_home else 2.0  # in the same home, its lock tells at once that it is dead
    home = shared_home if shares_home else Home(tmp_path / "other")
    driver = Driver(home, shared_home.tracking_uri, study, digests, shift=-1e9)
    driver.wait()
    with (
        owner_of(shared_home) as owner,
        Claims(Record(shared_home, study), owner, beat_seconds=0.2, dead_seconds=dead_seconds) as claims,
    ):
        driver.go_on()
        assert sorted(driver.taken()) == digests
        if not shares_home:
            time.sleep(3.0)
        assert claims.take(digests) == frozenset()  # it is alive
        driver.kill()
        killed = time.monotonic()
        while claims.take(digests[:1]) == frozenset():
            assert time.monotonic() < killed + 60
            time.sleep(0.05)
        seconds = time.monotonic() - killed
        assert claims.take(digests) == set(digests)
    assert seconds < dead_seconds if shares_home else seconds > 1.5


def looked(*looks: tuple[float, str]) -> Silences:
    silences = Silences(60.0, 20.0)
    for now, count in looks:
        silences.look({"one": count}, ["one", "two"], now)
    return silences


def test_a_heartbeat_that_changes_is_alive() -> None:
    silences = looked(*[(10.0 * n, str(n)) for n in range(20)])
    assert not silences.is_dead("one")
    assert silences.is_dead("two")  # it holds trials and has never written a heartbeat
    assert not silences.is_dead("three")


def test_time_in_which_this_process_did_not_look_does_not_count() -> None:
    assert not looked((0, "1"), (10_000, "1")).is_dead("one")
    assert looked(*[(20.0 * n, "1") for n in range(4)]).is_dead("one")
    assert not looked(*[(20.0 * n, "1") for n in range(4)], (61, "2")).is_dead("one")
