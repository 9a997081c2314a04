"""The progress of the drain with one attempt: what it has brought into the store. It is a journal beside the attempt's.

Each step is noted before or after its requests, so that a drain that was killed anywhere continues without writing
anything twice: `creating` and `modelling` are noted before MLflow chooses an id, the other steps after they are done.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatebench.errors import UserError
from gatebench.records.spool.journal import Journal, read_records


@dataclass(frozen=True)
class Steps:
    """The steps that are done.

    Attributes:
        creating: the request that creates the run was about to be sent.
        run: MLflow's id of the run.
        opened: the run has its params, its dataset and its first files.
        offset: the number of bytes of the journal whose epochs are in the store.
        modelling: the request that creates the logged model was about to be sent.
        model: MLflow's id of the logged model.
        filed: the run has its model and all its files.
        closed: the run is closed.
        dropped: the reason for which the attempt is not recorded.
        archived: the compact journal was about to be written.
    """

    creating: bool = False
    run: str | None = None
    opened: bool = False
    offset: int = 0
    modelling: bool = False
    model: str | None = None
    filed: bool = False
    closed: bool = False
    dropped: str | None = None
    archived: bool = False


class Progress:
    """The progress with one attempt, read from its file.

    Args:
        path: the file.

    Attributes:
        steps: the steps that are done, also those that are not in the file yet.

    Raises:
        UserError: the file cannot be read, or has a wrong step.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, Any] | None = None
        self.steps = Steps()
        for read in read_records(path):
            self.steps = _with(self.steps, read.record)

    def note(self, *, durable: bool = False, **step: Any) -> None:
        """Note steps in the file.

        Args:
            durable: whether the note survives a loss of power.
            step: the steps, see `Steps`.
        """
        self.steps = _with(self.steps, step)
        if self._held is not None:
            self._held.update(step)
            return
        with Journal(self._path) as journal:
            journal.append(step, durable=durable)

    def hold(self) -> None:
        """Keep the next notes in memory, because their requests belong to a transaction that has not ended."""
        self._held = {}

    def release(self) -> None:
        """Write the notes that were kept in memory."""
        held, self._held = self._held, None
        if held:
            self.note(**held)

    def forget(self) -> None:
        """Drop the notes that were kept in memory, because the transaction was taken back."""
        self.__init__(self._path)  # type: ignore[misc]

    def restart(self) -> None:
        """Forget all steps, because the run is no longer in the store."""
        self._path.unlink(missing_ok=True)
        self.forget()


def _with(steps: Steps, step: dict[str, Any]) -> Steps:
    kinds = {"run": str, "model": str, "dropped": str, "offset": int}
    for name, value in step.items():
        if name not in vars(steps) or not isinstance(value, kinds.get(name, bool)):
            raise UserError(
                f"The progress of an attempt in the spool has a wrong step {name[:40]!r}, so it stays there."
            )
    return replace(steps, **step)
