"""The monitor of running trials: it writes their events to the records and shows them on the terminal."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gatebench.outcome import Epoch, Outcome
from gatebench.records.record import Record
from gatebench.trial import Trial
from launch.display.progress import Display
from launch.events import Checkpoint, Event, Started
from launch.running.trial_pictures import trial_pictures

STOPPED = "The user stopped it."
ENDED = "The command ended before the trial did."


class TrialMonitor:
    """An event handler that writes the events of some trials to the records and shows them.

    Args:
        trials: the trials whose events are expected.
        record: the records.
        display: the display.

    Attributes:
        outcomes: the outcomes so far, in the order in which the trials ended.
    """

    def __init__(self, trials: Sequence[Trial], record: Record, display: Display) -> None:
        self.outcomes: list[Outcome] = []
        self._open = {trial.digest: trial for trial in trials}
        self._epochs: dict[str, list[Mapping[str, float]]] = {trial.digest: [] for trial in trials}
        self._record, self._display = record, display
        self._began = time.time()

    def __call__(self, event: Event) -> None:
        """Write and show an event. Events of a trial that has ended are ignored: a killed process may be late."""
        if (trial := self._open.get(event.digest)) is None:
            return
        match event:
            case Started():
                self._record.begin(trial, event.when)
            case Epoch():
                self._record.begin(trial, self._began)
                self._record.write(event)
                self._epochs[event.digest].append(event.metrics)
            case Checkpoint():
                pass
            case Outcome():
                pictures = trial_pictures(trial, event, self._epochs.pop(event.digest))
                self._record.end(trial, replace(event, files={**event.files, **pictures}))
                self.outcomes.append(event)
                del self._open[event.digest]
        self._display.show(event)


@contextmanager
def monitored(trials: Sequence[Trial], record: Record) -> Iterator[TrialMonitor]:
    """Yield the monitor of some trials. If the block ends early, the open runs are closed as interrupted."""
    try:
        with Display(trials) as display:
            yield TrialMonitor(trials, record, display)
    except BaseException as error:
        record.interrupt(STOPPED if isinstance(error, KeyboardInterrupt) else ENDED)
        raise
