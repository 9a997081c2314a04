"""The progress of fetching and verifying: a bar of `rich` on a terminal.

If the output is not a terminal, only the message that another process is waited for is printed.
"""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class Transfer:
    """Shows the progress of one action at a time; a context manager.

    Args:
        console: the output; None for stderr.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._what = ""
        self._bar: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """Show the progress of an action.

        Args:
            what: description of the action. A new description starts a new bar.
            done: number of bytes that are done.
            total: total number of bytes; 0 if it is unknown.
        """
        if what != self._what or self._bar is None:
            if self._bar is not None:
                self._progress.remove_task(self._bar)
            self._what, self._bar = what, self._progress.add_task(escape(what), total=None)
            if what.startswith("waiting") and not self._console.is_terminal:
                self._console.print(escape(what))
        self._progress.update(self._bar, completed=done, total=total or None)
