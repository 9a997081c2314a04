"""Following trials: what they tell goes to the records and to the display, and nothing is left open at the end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gatebench.outcome import Epoch, Outcome
from gatebench.records.record import Record
from gatebench.trial import Trial
from launch.display.progress import Display
from launch.events import Event, Started

STOPPED = "The user stopped it."
ENDED = "The command ended before the trial did."


class Watch:
    """Takes every event of some trials; `outcomes` is what came of them so far."""

    def __init__(self, trials: Sequence[Trial], record: Record, display: Display) -> None:
        self.outcomes: list[Outcome] = []
        self._open = {trial.digest: trial for trial in trials}
        self._record, self._display = record, display
        self._began = time.time()

    def __call__(self, event: Event) -> None:
        """Record an event and show it; what a killed process told too late is dropped."""
        if (trial := self._open.get(event.digest)) is None:
            return
        match event:
            case Started():
                self._record.begin(trial, event.when)
            case Epoch():
                self._record.begin(trial, self._began)
                self._record.write(event)
            case Outcome():
                self._record.end(trial, event)
                self.outcomes.append(event)
                del self._open[event.digest]
        self._display.show(event)


@contextmanager
def watching(trials: Sequence[Trial], record: Record) -> Iterator[Watch]:
    """Give a watch over the trials; whatever ends the block early, the runs that are open are closed as interrupted."""
    try:
        with Display(trials) as display:
            yield Watch(trials, record, display)
    except BaseException as error:
        record.interrupt(STOPPED if isinstance(error, KeyboardInterrupt) else ENDED)
        raise
