"""The monitor of running trials: it keeps their events in the spool and shows them on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from gatebench.outcome import Epoch, Outcome
from gatebench.trial import Trial
from launch.display.progress import Display
from launch.events import Checkpoint, Event, Started
from launch.running.recording import Recording
from launch.running.trial_pictures import trial_pictures

STOPPED = "The user stopped it."
ENDED = "The command ended before the trial did."


class TrialMonitor:
    """An event handler that keeps the events of some trials and shows them.

    Args:
        trials: the trials whose events are expected.
        recording: the spool and the checkpoints.
        display: the display.

    Attributes:
        outcomes: the outcomes so far, in the order in which the trials ended.
    """

    def __init__(self, trials: Sequence[Trial], recording: Recording, display: Display) -> None:
        self.outcomes: list[Outcome] = []
        self._open = {trial.digest: trial for trial in trials}
        self._epochs: dict[str, list[Mapping[str, float]]] = {}
        self._recording, self._display = recording, display

    def expect(self, trials: Sequence[Trial]) -> None:
        """Expect the events of further trials, too."""
        self._open |= {trial.digest: trial for trial in trials}
        self._display.add(trials)

    def __call__(self, event: Event) -> None:
        """Keep and show an event. Events of a trial that has ended are ignored: a killed process may be late."""
        if (trial := self._open.get(event.digest)) is None:
            return
        match event:
            case Started():
                self._recording.begin(trial, event.when)
                self._epochs[event.digest] = []
            case Epoch():
                self._recording.epoch(trial, event)
                self._epochs.setdefault(event.digest, []).append(event.metrics)
            case Checkpoint():
                self._recording.save(trial, event.content)
            case Outcome():
                pictures = trial_pictures(trial, event, self._epochs.pop(event.digest, []))
                self._recording.end(trial, replace(event, files={**event.files, **pictures}))
                self.outcomes.append(replace(event, files={}))
                del self._open[event.digest]
        self._display.show(event)


@contextmanager
def monitored(trials: Sequence[Trial], recording: Recording) -> Iterator[TrialMonitor]:
    """Yield the monitor of some trials. If the block ends early, the open attempts are closed as interrupted."""
    try:
        with Display(trials) as display:
            yield TrialMonitor(trials, recording, display)
    except BaseException as error:
        recording.interrupt(STOPPED if isinstance(error, KeyboardInterrupt) else ENDED)
        raise
