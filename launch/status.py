"""Show the states of a study's trials, the progress of those that run, their rate and the time left.

  gatebench status study=mine                       the trials in the records
  gatebench status experiment=quickstart            the trials of an experiment, also those that are still planned
  gatebench status experiment=quickstart --follow   again every two seconds, until nothing runs

It may be run in another terminal, or on another machine that uses the same records.
"""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.outcome import Outcome
from gatebench.records.open_run import OpenRun
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.display.duration import duration
from launch.display.text_columns import align
from launch.running.known_outcomes import known_study, waiting_study
from launch.running.missing_records import missing_study
from launch.running.open_trials import OpenTrials, open_trials
from launch.running.search_past import past_trials
from launch.running.states import State, states_of, summary
from launch.running.time_left import TimeLeft, time_left
from launch.search_sentences import following_sentence, stopped_sentence

FOLLOW = "--follow"

FOLLOW_SECONDS = 2.0
"""The time between two refreshes."""

MOST_MESSAGES = 5
"""The largest number of different messages of failed trials that are shown."""

_HAS_MESSAGE: tuple[State, ...] = ("refused", "failed", "interrupted", "lost")


@dataclass(frozen=True)
class StudyStatus:
    """What is known of the trials of a study at one moment.

    Attributes:
        study: the name of the study.
        states: {digest: state} of the trials.
        outcomes: the outcomes of these trials, oldest first.
        open: the trials that run.
        now: the time, in seconds since 1970.
        planned: whether the trials are those of a plan, so that those without a run are known.
        following: a sentence about the trials of the plan that are not known yet; None if there are none.
    """

    study: str
    states: dict[str, State]
    outcomes: list[Outcome]
    open: OpenTrials
    now: float
    planned: bool
    following: str | None = None

    @property
    def runs(self) -> list[OpenRun]:
        """The runs of these trials that have no end."""
        return [run for run in self.open.runs if run.digest in self.states]


def run(argv: Sequence[str]) -> int:
    """Print the status and return 0.

    Raises:
        UserError: there is no such study, or the records cannot be read.
    """
    follow = FOLLOW in argv
    arguments = [text for text in argv if text != FOLLOW]
    plan = parse_plan("status", __doc__, arguments, read_past=past_trials)
    if plan is None:
        return 0
    current = status_of(plan)
    shown = _show("", status_text(current))
    while follow and current.runs:
        time.sleep(FOLLOW_SECONDS)
        if plan.following:
            plan = parse_plan("status", __doc__, arguments, read_past=past_trials) or plan
        current = status_of(plan)
        shown = _show(shown, status_text(current))
    return 0


def status_of(plan: Plan) -> StudyStatus:
    """Return the status of the plan's trials, or of all trials in the records if the plan chooses none.

    Raises:
        UserError: there is no such study, or the records cannot be read.
    """
    settings, study = plan.settings, plan.settings.one_study
    running = open_trials(settings, study)  # before the outcomes: a trial that ends meanwhile has one
    known = known_study(settings, study) if running.problem is None else waiting_study(settings, study)
    outcomes = known.outcomes
    if not (outcomes or running.runs or running.problem or plan.chosen):
        raise missing_study(settings, study)
    if plan.chosen:
        digests = [trial.digest for trial in plan.trials]
    else:
        digests = list(dict.fromkeys([*(one.digest for one in outcomes), *(run.digest for run in running.runs)]))
    states = states_of(digests, outcomes, running.digests)
    own = [outcome for outcome in outcomes if outcome.digest in states]
    following = following_sentence(plan) if plan.following else None
    return StudyStatus(study, states, own, running, time.time(), plan.chosen, following)


def status_text(status: StudyStatus) -> str:
    """Return the status as text."""
    count = len(status.states)
    trials = f"{count:,} trial{'' if count == 1 else 's'}"
    lines = [f"Study {status.study!r}: {trials}" + (f": {summary(status.states.values())}." if count else ".")]
    if (stopped := stopped_sentence(status.outcomes)) is not None:
        lines.append(stopped)
    if status.following is not None:
        lines.append(status.following)
    if status.runs:
        left = time_left(list(status.states.values()), status.outcomes, status.runs, status.now)
        lines += ["", _table_of_runs(status.runs, status.now), "", _speed(left)]
    else:
        lines.append("Nothing runs now.")
    if not status.planned:
        lines.append("Planned trials are not in the records; name the experiment or the grid to count them, too.")
    if waiting := status.open.waiting:
        trials = "1 ended trial waits" if waiting == 1 else f"{waiting:,} ended trials wait"
        lines.append(f"{trials} on this disk to be recorded; the running sweep or gatebench drain does it.")
    if status.open.problem is not None:
        lines.append(f"Only the trials of this home are shown: {status.open.problem}")
    return "\n".join([*lines, *_messages(status)])


def _table_of_runs(runs: Sequence[OpenRun], now: float) -> str:
    """Return a line for each trial that runs: its epoch, its last validation score, and for how long it has run."""
    rows = [("running", "epoch", "validation", "for")]
    for run in runs:
        epochs = f"{run.epochs}/{run.most_epochs}" if run.most_epochs else str(run.epochs)
        score = "–" if run.score is None else f"{run.metric} {run.score:.4g}"
        rows.append((run.name, epochs, score, duration(now - run.began) if run.began else "–"))
    return align(rows, "lrrr")


def _speed(left: TimeLeft) -> str:
    """Return a sentence with the rate and the time left."""
    rate = f"{left.trials_per_minute:,.3g} trials a minute" if left.trials_per_minute is not None else ""
    epochs = f"{left.epochs_per_second:,.3g} epochs a second" if left.epochs_per_second is not None else ""
    rest = f"about {duration(left.seconds)} left" if left.seconds is not None else "the time left is not known yet"
    return "; ".join(part for part in (epochs, rate, rest) if part) + "."


def _messages(status: StudyStatus) -> list[str]:
    """Return the messages of the trials that have no result, the most frequent first."""
    newest = {outcome.digest: outcome for outcome in status.outcomes}
    found = Counter(
        (status.states[digest], outcome.sentence or "no message")
        for digest, outcome in newest.items()
        if status.states[digest] in _HAS_MESSAGE
    )
    lines = [f"{count:,} {state}: {sentence}" for (state, sentence), count in found.most_common(MOST_MESSAGES)]
    if len(found) > MOST_MESSAGES:
        lines.append(f"… and {len(found) - MOST_MESSAGES} other messages.")
    return ["", *lines] if lines else []


def _show(shown: str, text: str) -> str:
    """Print a text in place of the one that is shown, if the output is a terminal. Return the text."""
    if sys.stdout.isatty() and shown:
        print(f"\x1b[{shown.count(chr(10)) + 1}F\x1b[J{text}", flush=True)
    else:
        print(f"\n{text}" if shown else text, flush=True)
    return text
