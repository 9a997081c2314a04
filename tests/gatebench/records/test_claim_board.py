import threading
from pathlib import Path

import pytest
from mlflow.entities import ViewType

from gatebench.records import claim_board
from gatebench.records.claim_board import ClaimBoard
from gatebench.records.claim_log import Entry
from gatebench.records.home import Home
from gatebench.records.mlflow_study import BOARD_TAG
from gatebench.records.stale_runs import close_stale_runs
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def record(shared_home: Home, request: pytest.FixtureRequest) -> Record:
    """A study of its own in the shared home."""
    return Record(shared_home, request.node.name)


def board_of(record: Record) -> ClaimBoard:
    other = Record(record.home, record.study)
    return ClaimBoard(other.client, other.experiment_id, artifact_location=True)


def take(owner: str, *digests: str, number: int = 1) -> Entry:
    return Entry(owner, f"host of {owner}", take=digests, number=number)


def test_the_slower_of_two_writers_reads_the_entry_of_the_faster(record: Record) -> None:
    one, two = board_of(record), board_of(record)
    assert one.append(take("one", "a"))
    assert not two.append(take("two", "a", "b"))
    assert two.state.holders == {"a": "one"}
    assert two.append(take("two", "b"))
    assert one.read()
    assert one.state.holders == two.state.holders == {"a": "one", "b": "two"}
    assert not one.read()


def test_a_repeated_request_appends_one_entry(record: Record) -> None:
    one, two = board_of(record), board_of(record)
    entry = take("one", "a")
    assert one.append(entry)
    two.append(entry)  # as a client does that got no answer
    assert len(record.client.get_run(one._board).data.params) == 1


def test_the_board_is_no_trial_and_no_page_shows_how_it_was_agreed_on(record: Record) -> None:
    LSTM = trial("lstm")
    board_of(record).append(take("one", LSTM.digest))
    record.end(LSTM, outcome(LSTM))
    assert record.outcomes() == [outcome(LSTM)]
    assert close_stale_runs(record, lambda owner: True) == 0
    assert record.study in record.study_pages()
    names = [experiment.name for experiment in record.client.search_experiments()]
    assert not [name for name in names if name.startswith("gatebench.board")]
    (run,) = record.client.search_runs([record.experiment_id], f"tags.`{BOARD_TAG}` != ''")
    assert run.info.status == "FINISHED"


def test_an_experiment_with_a_board_alone_may_become_a_study(record: Record) -> None:
    record.client.create_experiment(record.study, record.home.artifacts.absolute().as_uri())
    board_of(record).append(take("one", "a"))
    Record(record.home, record.study).end(trial(), outcome(trial()))


def test_many_drivers_agree_on_one_board(record: Record) -> None:
    record.client.search_experiments()
    _ = record.experiment_id
    boards: list[ClaimBoard] = []
    start = threading.Barrier(6)

    def create() -> None:
        start.wait()
        boards.append(board_of(record))

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(boards) == 6
    assert len({board._first for board in boards}) == 1
    assert len(record.client.search_runs([record.experiment_id], f"tags.`{BOARD_TAG}` != ''")) == 1


def test_a_driver_killed_while_it_creates_the_board_leaves_a_board(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ClaimBoard, "_delete_experiment", killed)
        with pytest.raises(KeyboardInterrupt):
            board_of(record)
    assert board_of(record)._first == board_of(record)._first
    active = record.client.search_experiments(view_type=ViewType.ACTIVE_ONLY)
    assert not [one.name for one in active if one.name.startswith("gatebench.board")]


def test_a_long_log_continues_on_new_boards(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_board, "ENTRIES_PER_BOARD", 5)
    writer, late = board_of(record), board_of(record)
    for number in range(23):
        entry = Entry("one", "host", take=(f"d{number}",), release=(f"d{number - 1}",)[:number], number=number)
        while not writer.append(entry):
            pass
    writer.append(Entry("two", "host", dead=("zero",)))
    fresh = board_of(record)
    late.read()
    assert writer.state.holders == fresh.state.holders == late.state.holders == {"d22": "one"}
    assert writer.state.dead == fresh.state.dead == {"zero"}
    assert set(late.state.ended) == {f"d{number}" for number in range(22)}
    runs = record.client.search_runs([record.experiment_id], f"tags.`{BOARD_TAG}` != ''")
    assert {run.info.run_id for run in runs} == {writer._first, writer._board}
    assert not late.append(take("late", "d22")) or late.state.holders["d22"] == "one"


def test_two_writers_begin_one_new_board(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_board, "ENTRIES_PER_BOARD", 4)
    boards = [board_of(record) for _ in range(3)]

    def write(number: int) -> None:
        for n in range(15):
            while not boards[number].append(take(f"o{number}", f"{number}-{n}", number=n)):
                pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for board in boards:
        board.read()
    assert boards[0].state.holders == boards[1].state.holders == boards[2].state.holders
    assert boards[0].state.holders == {f"{m}-{n}": f"o{m}" for m in range(3) for n in range(15)}
    runs = record.client.search_runs([record.experiment_id], f"tags.`{BOARD_TAG}` != ''")
    assert len(runs) == 2


def test_a_board_that_a_user_deletes_is_restored(record: Record) -> None:
    board = board_of(record)
    record.client.delete_run(board._board)
    assert not board.append(take("one", "a"))
    assert board.append(take("one", "a"))
    assert board_of(record).state.holders == {"a": "one"}


def test_an_entry_that_mlflow_would_cut_off_is_an_error(record: Record) -> None:
    board = board_of(record)
    with pytest.raises(ValueError, match="at most 6000 characters"):
        board.append(take("one", *(f"{n:016x}" for n in range(2000))))


def test_heartbeats_are_numbers_by_owner(record: Record) -> None:
    board = board_of(record)
    board.beat("one", 1)
    board.beat("one", 2)
    board.beat("two", 7)
    assert board_of(record).heartbeats() == {"one": "2", "two": "7"}
    board.forget_heartbeat("one")
    board.forget_heartbeat("nobody")
    assert board.heartbeats() == {"two": "7"}


def test_nothing_is_written_outside_the_home(record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    board_of(record).append(take("one", "a"))
    assert list(tmp_path.iterdir()) == []
