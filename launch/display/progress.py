"""The progress of a sweep: bars on a terminal, otherwise one line for each trial that has ended."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, Task, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from gatebench.outcome import Epoch, Outcome
from gatebench.records import mlflow_entry
from gatebench.trial import Trial
from launch.events import Event, Started

MARKS = {"finished": "[green]✓[/]", "interrupted": "[yellow]◼[/]"}
"""The marks of outcomes, by status."""

FAILED = "[red]✗[/]"
"""The mark of all other outcomes."""


class _TimeLeft(TimeRemainingColumn):
    """The time that is left for all trials together. Single trials show none."""

    def render(self, task: Task) -> Text:
        if task.id or task.time_remaining is None:
            return Text()
        return super().render(task).append(" left")


class Display:
    """A context manager that shows the running trials and those that have ended.

    Args:
        trials: all trials of the sweep.
        console: the terminal; None: stderr.
    """

    def __init__(self, trials: Sequence[Trial], console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._trials = {trial.digest: trial for trial in trials}
        self._names = {trial.digest: mlflow_entry.run_name(trial) for trial in trials}
        self._bars: dict[str, TaskID] = {}
        self._ended = 0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[score]}"),
            TimeElapsedColumn(),
            _TimeLeft(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
            speed_estimate_period=120,
        )
        self._overall_bar = self._progress.add_task(
            self._headline(), total=sum(trial.training.max_epochs for trial in trials), score=""
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def add(self, trials: Sequence[Trial]) -> None:
        """Show further trials, too."""
        self._trials |= {trial.digest: trial for trial in trials}
        self._names |= {trial.digest: mlflow_entry.run_name(trial) for trial in trials}
        total = sum(trial.training.max_epochs for trial in self._trials.values())
        self._progress.update(self._overall_bar, total=total, description=self._headline())

    def show(self, event: Event) -> None:
        """Show an event of a trial."""
        match event:
            case Started(digest):
                self._bar(digest)
            case Epoch():
                self._show_epoch(event)
            case Outcome():
                self._show_outcome(event)

    def _bar(self, digest: str) -> TaskID:
        """Return the bar of a trial, which is added if there is none."""
        if digest not in self._bars:
            total = self._trials[digest].training.max_epochs
            self._bars[digest] = self._progress.add_task(
                f"  {escape(self._names[digest])}", total=total, score="starts"
            )
        return self._bars[digest]

    def _show_epoch(self, epoch: Epoch) -> None:
        metric = self._trials[epoch.digest].build_task().metrics[0]
        score = epoch.metrics.get(f"val/{metric.name}")
        text = f"epoch {epoch.epoch + 1}/{epoch.total}"
        if score is not None:
            text += f", val {metric.name} {score:.4g}"
        bar, done = self._bar(epoch.digest), epoch.epoch + 1
        # A trial that continues from a checkpoint, or begins again, does not send each of its epochs exactly once.
        self._progress.update(self._overall_bar, advance=done - self._epochs_of(bar))
        self._progress.update(bar, completed=done, score=text)

    def _epochs_of(self, bar: TaskID) -> int:
        """Return the number of epochs that a bar shows."""
        return next(int(task.completed) for task in self._progress.tasks if task.id == bar)

    def _show_outcome(self, outcome: Outcome) -> None:
        self._ended += 1
        epochs_left = self._trials[outcome.digest].training.max_epochs
        if (bar := self._bars.pop(outcome.digest, None)) is not None:
            epochs_left -= self._epochs_of(bar)
            self._progress.remove_task(bar)
        self._progress.update(self._overall_bar, advance=epochs_left, description=self._headline())
        count = f"{self._ended:>{len(str(len(self._trials)))}}/{len(self._trials)}"
        name = escape(self._names[outcome.digest])
        self._console.print(
            f"{MARKS.get(outcome.status, FAILED)} {count}  {name}  {escape(self._result(outcome))}", soft_wrap=True
        )

    def _result(self, outcome: Outcome) -> str:
        """Return the best validation score and the duration of a trial, or the status and the message.

        The test score is not shown: nobody should choose a cell or a setting by it while trials are still running.
        """
        if outcome.status != "finished":
            return f"{outcome.status}: {outcome.sentence}"
        metric = self._trials[outcome.digest].build_task().metrics[0]
        score = outcome.metrics.get(f"best/val/{metric.name}", float("nan"))
        unit = metric.unit and f" {metric.unit}"
        return f"val {metric.name} {score:.4g}{unit}, {outcome.metrics.get('seconds', 0):.1f} s"

    def _headline(self) -> str:
        return f"[bold]{self._ended} of {len(self._trials)} trials[/]"
