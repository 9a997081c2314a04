"""Transfers that are killed anywhere: a second drain leaves the store as if nothing had happened."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.spool.progress import Progress
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain, bring_all
from gatebench.records.spool.transfer import OTHER_RESULT
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND, THIRD
from tests.gatebench.records.spool.fake_store import FakeClient, FakeRecord, Killed
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


def fill(home: Home) -> Spool:
    """Fill the spool of a home with a finished trial, a failed one, and one that runs."""
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    for epoch in range(40):
        metrics = {f"gate/l0/f/statistic{n}": 0.5 * n for n in range(30)}
        spool.epoch(FIRST, Epoch(LSTM.digest, epoch, 40, metrics, 10.0 + epoch))
    files = {WEIGHTS: CONTENT, "gates.npz": b"\x00", "pictures/curves.svg": b"<svg/>"}
    spool.end(FIRST, outcome(LSTM, files=files, when=90.0))
    spool.begin(GRU, SECOND, OWNER, 6.0)
    spool.end(SECOND, outcome(GRU, "failed", facts={TRACEBACK: "Traceback"}, when=91.0))
    spool.begin(trial("mgu"), THIRD, OWNER, 7.0)
    spool.epoch(THIRD, Epoch("", 0, 3, {"train/loss": 1.0}, 8.0))
    return spool


def drain_of(home: Home, client: FakeClient) -> StudyDrain:
    return StudyDrain(FakeRecord(home, client), Spool(home, "mine", "home"))  # type: ignore[arg-type]


def done(home: Home, client: FakeClient) -> bool:
    """Do a round of a new drain."""
    drain = drain_of(home, client)
    try:
        return drain.round()
    finally:
        drain.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> FakeClient:
    home, client = Home(tmp_path_factory.mktemp("undisturbed")), FakeClient()
    spool = fill(home)
    assert done(home, client)
    assert spool.waiting() == 0
    return client


def test_everything_arrives_with_the_times_of_the_trial(undisturbed: FakeClient) -> None:
    lstm, gru, mgu = undisturbed.content()
    assert (lstm["start"], lstm["end"], lstm["status"], lstm["name"]) == (
        5000,
        90_000,
        "FINISHED",
        "lstm · digits · seed 0",
    )
    assert len(lstm["metrics"]) == 40 * 30 + 4
    assert ("gate/l0/f/statistic1", 39, 49_000, 0.5) in lstm["metrics"]
    assert ("test/accuracy", 0, 90_000, 0.5) in lstm["metrics"]
    assert lstm["tags"]["attempt"] == FIRST
    assert lstm["tags"]["owner"] == "owner0"
    assert lstm["params"]["model.hidden_size"] == "4"
    assert set(lstm["files"]) == {"config.yaml", "equations.tex", "equations.txt", "gates.npz", "pictures/curves.svg"}
    (model,) = lstm["models"]
    assert model["files"][WEIGHTS] == CONTENT
    assert json.loads(model["files"]["config.json"]) == json.loads(json.dumps(LSTM.to_dict()))
    assert (gru["status"], gru["end"], gru["files"]["traceback.txt"]) == ("FAILED", 91_000, b"Traceback")
    assert (mgu["status"], mgu["end"], len(mgu["metrics"])) == ("RUNNING", None, 1)


def test_a_second_round_sends_nothing(tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    fill(home)
    drain = drain_of(home, client)
    assert drain.round()
    requests = client.requests
    assert drain.round()
    assert client.requests == requests
    assert drain.report.recorded == 2


@pytest.mark.parametrize("moment", [pytest.param("before", marks=pytest.mark.slow), "after"])
def test_a_drain_that_is_killed_at_any_request_leaves_the_same_store(
    moment: str, tmp_path: Path, undisturbed: FakeClient
) -> None:
    """Before the request, and after it when its answer was lost."""
    number = 0
    while number < undisturbed.requests:
        home, client = Home(tmp_path / str(number)), FakeClient()
        fill(home)
        setattr(client, moment, killed_at(number))
        with pytest.raises(Killed):
            done(home, client)
        assert done(home, client)
        assert client.content() == undisturbed.content(), f"killed {moment} request {number}"
        number += 1


@pytest.mark.parametrize("moment", ["before", pytest.param("after", marks=pytest.mark.slow)])
def test_a_drain_that_is_killed_at_any_note_leaves_the_same_store(
    moment: str, tmp_path: Path, undisturbed: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, notes = Progress.note, 0

    def killed_note(self: Progress, *, durable: bool = False, **step: Any) -> None:
        nonlocal notes
        notes += 1
        if notes - 1 == number and moment == "before":
            raise Killed
        note(self, durable=durable, **step)
        if notes - 1 == number and moment == "after":
            raise Killed

    monkeypatch.setattr(Progress, "note", killed_note)
    was_killed, number = True, 0
    while was_killed:
        home, client, notes = Home(tmp_path / str(number)), FakeClient(), 0
        spool = fill(home)
        was_killed = False
        try:
            done(home, client)
        except Killed:
            was_killed = True
        assert done(home, client)
        assert spool.waiting() == 0
        assert client.content() == undisturbed.content(), f"killed {moment} note {number}"
        number += 1
    assert number > 15


def killed_at(number: int) -> Any:
    def kill(request: int) -> None:
        if request == number:
            raise Killed

    return kill


def test_a_store_that_is_away_at_any_request_is_a_problem_until_it_is_back(
    tmp_path: Path, undisturbed: FakeClient
) -> None:
    for number in range(undisturbed.requests):
        home, client = Home(tmp_path / str(number)), FakeClient()
        fill(home)
        drain = drain_of(home, client)

        def leave(request: int, client: FakeClient = client, number: int = number) -> None:
            client.is_up = request != number

        client.after = leave
        drain.round()
        client.is_up, client.after = True, lambda request: None
        while not drain.round():
            assert drain.problem is None
        assert client.content() == undisturbed.content(), f"away after request {number}"


def test_the_result_of_another_attempt_is_not_recorded_a_second_time(tmp_path: Path) -> None:
    client = FakeClient()
    for name, attempt in (("first", FIRST), ("second", SECOND)):
        spool = Spool(home := Home(tmp_path / name), "mine", "home")
        spool.begin(LSTM, attempt, OWNER, 5.0)
        spool.end(attempt, outcome(LSTM, when=9.0))
        drain = drain_of(home, client)
        assert drain.round()
    assert drain.report.dropped == {SECOND: OTHER_RESULT}
    assert [run["tags"]["attempt"] for run in client.content()] == [FIRST]
    compact = (spool.folder.done / SECOND).read_text()
    assert OTHER_RESULT in compact


def test_an_open_run_is_deleted_if_another_attempt_has_ended_in_between(tmp_path: Path) -> None:
    client, spools = FakeClient(), []
    for name, attempt in (("first", FIRST), ("second", SECOND)):
        spools.append(spool := Spool(Home(tmp_path / name), "mine", "home"))
        spool.begin(LSTM, attempt, OWNER, 5.0)
        done(Home(tmp_path / name), client)
    assert len(client.content()) == 2
    for spool, attempt in zip(spools, (FIRST, SECOND), strict=True):
        spool.end(attempt, outcome(LSTM, when=9.0))
        done(spool.folder.home, client)
    assert [run["tags"]["attempt"] for run in client.content()] == [FIRST]


def test_with_force_a_trial_is_recorded_again(tmp_path: Path) -> None:
    client, home = FakeClient(), Home(tmp_path)
    spool = Spool(home, "mine", "home")
    for attempt in (FIRST, SECOND):
        spool.begin(LSTM, attempt, OWNER, 5.0, force=True)
        spool.end(attempt, outcome(LSTM, when=9.0))
        assert done(home, client)
    assert len(client.content()) == 2


@pytest.mark.parametrize("turn", range(10))  # the first drain does five requests
def test_two_drains_that_end_one_trial_at_the_same_time_record_it_once(tmp_path: Path, turn: int) -> None:
    """The second drain does all its requests between two requests of the first."""
    client, homes = FakeClient(), [Home(tmp_path / name) for name in ("first", "second")]
    attempts = (FIRST, SECOND) if turn % 2 else (SECOND, FIRST)
    for home, attempt in zip(homes, attempts, strict=True):
        spool = Spool(home, "mine", "home")
        spool.begin(LSTM, attempt, OWNER, 5.0)
        done(home, client)
        spool.end(attempt, outcome(LSTM, when=9.0))
    first, second, begun = drain_of(homes[0], client), drain_of(homes[1], client), client.requests

    def interleave(request: int) -> None:
        if request == begun + turn // 2:
            client.before = lambda number: None
            second.round()

    client.before = interleave
    for _ in range(100):
        if first.round() and second.round():
            break
        for drain in (first, second):
            for one in drain._attempts.values():
                one.next_try = 0.0
    (run,) = client.content()
    assert run["status"] == "FINISHED"
    assert first.report.recorded + second.report.recorded >= 1
    assert len(first.report.dropped) + len(second.report.dropped) == 1


def test_the_open_runs_of_a_home_that_is_gone_are_closed(tmp_path: Path) -> None:
    client = FakeClient()
    gone, home = Spool(Home(tmp_path / "gone"), "mine", "home"), Home(tmp_path / "home")
    gone.begin(LSTM, FIRST, type(OWNER)("elsewhere", "host", 1), 5.0)
    done(gone.folder.home, client)
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, SECOND, OWNER, 6.0)
    spool.end(SECOND, outcome(LSTM, when=9.0))
    assert done(home, client)
    first, second = client.content()
    assert (first["status"], first["tags"]["status"]) == ("KILLED", "lost")
    assert second["status"] == "FINISHED"


def test_a_run_that_was_deleted_in_mlflow_stays_deleted(tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    drain = drain_of(home, client)
    drain.round()
    client.serve_delete_run("0" * 32)
    spool.end(FIRST, outcome(LSTM, when=9.0))
    finish(drain)
    assert client.content() == []
    assert list(drain.report.dropped) == [FIRST]


def test_a_run_that_is_not_in_the_store_any_more_is_written_again(tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    spool.epoch(FIRST, Epoch("", 0, 3, {"train/loss": 1.0}, 8.0))
    drain = drain_of(home, client)
    drain.round()
    client.runs.clear()
    spool.end(FIRST, outcome(LSTM, when=9.0))
    finish(drain)
    (run,) = client.content()
    assert run["status"] == "FINISHED"
    assert ("train/loss", 0, 8000, 1.0) in run["metrics"]


def finish(drain: StudyDrain) -> None:
    for _ in range(10):
        if drain.round():
            return
        for one in drain._attempts.values():
            one.next_try = 0.0
    pytest.fail(str(drain.report))


def test_damaged_attempts_and_files_do_not_hinder_the_others(tmp_path: Path, undisturbed: FakeClient) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = fill(home)
    (spool.folder.attempt(FIRST).path / "files" / "1").write_bytes(b"\x01")
    journal = spool.folder.attempt(FIRST).journal
    journal.write_bytes(journal.read_bytes()[:-10])
    spool.folder.attempt(SECOND).journal.write_bytes(b"nonsense")
    drain = drain_of(home, client)
    assert not drain.round()
    assert not drain.waits_for_nothing_else()  # the reason for which the other one was refused may pass
    drain._attempts[SECOND].next_try = 0.0
    assert not drain.round()
    assert drain.waits_for_nothing_else()
    lstm, _ = client.content()
    assert "gates.npz" not in lstm["files"]
    assert len(lstm["metrics"]) == 39 * 30 + 4
    assert lstm["status"] == "FINISHED"
    damaged_file, damaged_journal = drain.report.notes
    assert (
        "'gates.npz' of the attempt 00000000000a in the spool is damaged; the trial is recorded without it."
        in damaged_file
    )
    assert "bytes could not be read, so the curves of the trial have fewer epochs." in damaged_journal
    assert "has no header that can be read, so the trial is not recorded." in drain.report.refused[SECOND]


@pytest.mark.parametrize(("refusals_at_the_end", "waiting"), [(1, 0), (2, 1)])
def test_a_refused_attempt_is_tried_again_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals_at_the_end: int, waiting: int
) -> None:
    home, client, now, refusals_left = Home(tmp_path), FakeClient(), 0.0, 100
    serve = client.serve_log_inputs

    def log_inputs(run: str, datasets: Any) -> None:
        nonlocal refusals_left
        refusals_left -= 1
        if refusals_left >= 0:
            raise UserError("It is refused.")
        serve(run, datasets)

    def pause(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(client, "serve_log_inputs", log_inputs)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    spool, drain = Spool(home, "mine", "home"), drain_of(home, client)
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    for _ in range(40):  # it is refused while it runs, and its next try would be half a minute later
        drain.round()
        pause(1.0)
    spool.end(FIRST, outcome(LSTM, when=9.0))
    refusals_left, began = refusals_at_the_end, now
    bring_all(drain, now + 15, pause)
    assert spool.waiting() == waiting
    assert now - began == 2


def test_a_request_that_is_refused_again_and_again_waits_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, client, now = Home(tmp_path), FakeClient(), 0.0
    fill(home)

    def refuse(run: str, datasets: Any) -> None:
        raise UserError("It is refused.")

    monkeypatch.setattr(client, "serve_log_inputs", refuse)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    drain = drain_of(home, client)
    tries = []
    for second in range(120):
        now, before = float(second), client.requests
        assert not drain.round()
        if client.requests > before + 1:
            tries.append(second)
    assert tries == [0, 2, 6, 14, 30, 60, 90]
    assert set(drain.report.refused) == {FIRST, SECOND, THIRD}
