from io import StringIO

from rich.console import Console

from gatebench.outcome import Epoch
from launch.display.progress import Display
from launch.events import Started
from tests.launch.trials import outcome, trial

TRIALS = [trial("lstm", epochs=4), trial("gru", epochs=4)]


def shown(*, live: bool, width: int = 120) -> str:
    screen = StringIO()
    lstm, gru = TRIALS
    console = Console(file=screen, force_terminal=live, width=width, color_system=None, highlight=False)
    with Display(TRIALS, console) as display:
        display.show(Started(lstm.digest, 0.0))
        display.show(Epoch(lstm.digest, 0, 4, {"val/accuracy": 0.25}))
        display._progress.refresh()
        display.show(outcome(lstm, score=0.75))
        display.show(outcome(gru, "failed", sentence="A [red] sentence " + "that is long " * 20))
    return screen.getvalue()


def test_elsewhere_every_trial_that_has_ended_is_one_line() -> None:
    lines = shown(live=False, width=40).splitlines()
    assert lines[0] == "✓ 1/2  lstm · digits · seed 0  val accuracy 0.75, 1.5 s"
    assert lines[1].startswith("✗ 2/2  gru · digits · seed 0  failed: A [red] sentence that is long")
    assert len(lines) == 2


def test_the_test_score_is_not_shown_while_trials_run() -> None:
    assert "test" not in shown(live=False)


def test_on_a_terminal_what_runs_is_shown_with_its_epoch_and_score() -> None:
    screen = shown(live=True)
    assert "0 of 2 trials" in screen
    assert "epoch 1/4, val accuracy 0.25" in screen
    assert "✓ 1/2  lstm" in screen


def test_the_bar_of_all_counts_epochs_so_that_trials_that_stop_early_are_done() -> None:
    lstm, gru = TRIALS
    display = Display(TRIALS, Console(file=StringIO()))
    display.show(Epoch(lstm.digest, 0, 4, {}))
    display.show(Epoch(lstm.digest, 1, 4, {}))
    assert display._progress.tasks[0].completed == 2
    display.show(outcome(lstm))
    assert display._progress.tasks[0].completed == 4
    display.show(outcome(gru, "failed"))
    assert display._progress.tasks[0].completed == display._progress.tasks[0].total == 8


def test_the_bar_of_all_counts_the_epochs_of_a_trial_that_continues_or_begins_again_once() -> None:
    lstm, gru = TRIALS
    display = Display(TRIALS, Console(file=StringIO()))
    display.show(Epoch(lstm.digest, 2, 4, {}))  # it continues from a checkpoint after its second epoch
    assert display._progress.tasks[0].completed == 3
    for epoch in (0, 1, 0):
        display.show(Epoch(gru.digest, epoch, 4, {}))
    assert display._progress.tasks[0].completed == 4
    for one in TRIALS:
        display.show(outcome(one))
    assert display._progress.tasks[0].completed == 8


def test_further_trials_count_from_then_on() -> None:
    screen = StringIO()
    with Display(TRIALS[:1], Console(file=screen, highlight=False)) as display:
        display.show(outcome(TRIALS[0]))
        display.add(TRIALS[1:])
        display.show(outcome(TRIALS[1]))
    assert [line[:5] for line in screen.getvalue().splitlines()] == ["✓ 1/1", "✓ 2/2"]
