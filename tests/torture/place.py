"""The folders, the commands and the processes of one round."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from tests.paths import ROOT

MARK = "GATEBENCH_TORTURE"
"""The environment variable that marks all processes of a round."""

GRID = (
    "task=digits",
    "cell=lstm,gru,rnn_tanh",
    "seed=0,1",
    "model.hidden_size=8",
    "model.dropout=0.1",
    "training.max_epochs=12",
    "training.patience=0",
    "study=torture",
    "workers=2",
    "checkpoint_seconds=0.1",
)
"""The sweep: 6 trials of less than a second, with a checkpoint every 0.1 seconds."""

_GATEBENCH = "import sys; from launch.main import main; sys.exit(main())"
_LONGEST = 300.0  # seconds that a command may take


@dataclass
class Command:
    """A running command.

    Attributes:
        process: the process, the leader of its own group.
        log: the file with all that it prints.
    """

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """The text that it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float = _LONGEST) -> int:
        """Return its exit code.

        Raises:
            AssertionError: it has not ended in time.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.log.name} has not ended after {seconds} s:\n{self.text[-2000:]}") from None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process of the command alone, if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process of the command and to all that it has started in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@dataclass
class Place:
    """The folders and the processes of one round.

    Attributes:
        root: the folder of the round.
        home: the name of the home below it.
        store: the address of the records; None: the sqlite file of the home.
        variables: additional environment variables of the commands.
        token: the value of `MARK`.
        prefix: the command before each command, for example ("unshare", "--uts").
        servers: the tracking servers. They are not processes of a sweep, so they do not carry the mark.
    """

    root: Path
    home: str = "home"
    store: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: uuid4().hex)
    prefix: tuple[str, ...] = ()
    servers: list[Command] = field(default_factory=list)

    @property
    def home_folder(self) -> Path:
        """The home."""
        return self.root / self.home

    def start(self, *arguments: str, home: str | None = None) -> Command:
        """Start `gatebench ARGUMENTS`."""
        log = self.root / f"{len(list(self.root.glob('*.log'))):02}-{arguments[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.prefix, sys.executable, "-c", _GATEBENCH, *arguments],
                cwd=self.root,
                env=self._environment(home or self.home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Command(process, log)

    def sweep(self, *more: str, home: str | None = None) -> Command:
        """Start the sweep."""
        return self.start("sweep", *GRID, *more, home=home)

    def run(self, *arguments: str) -> str:
        """Run `gatebench ARGUMENTS` to its end and return its output.

        Raises:
            AssertionError: its exit code is not 0.
        """
        command = self.start(*arguments)
        code = command.wait()
        assert code == 0, f"gatebench {' '.join(arguments)} ended with {code}:\n{command.text[-3000:]}"
        return command.text

    def serve(self, port: int) -> Command:
        """Start a tracking server over a sqlite file of the round, and wait until it answers."""
        log = self.root / f"server-{time.monotonic_ns()}.log"
        store = f"sqlite:///{self.root / 'server.db'}"
        arguments = ["server", "--backend-store-uri", store, "--artifacts-destination", str(self.root / "served")]
        arguments += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", *arguments],
                cwd=self.root,
                env=self._environment(self.home) | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", MARK: ""},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _await_port(port, process)
        self.servers.append(Command(process, log))
        return self.servers[-1]

    def processes(self) -> list[int]:
        """Return the processes of this round that run now."""
        mark = f"{MARK}={self.token}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and int(folder.name) != os.getpid():
                try:
                    if mark in (folder / "environ").read_bytes().split(b"\0") and not _is_zombie(folder):
                        found.append(int(folder.name))
                except OSError:
                    continue
        return found

    def workers(self) -> list[int]:
        """Return the processes that run trials now, or wait for one."""
        return [process for process in self.processes() if b"ray::" in _command_line(process)]

    def end(self) -> None:
        """Kill all processes of the round."""
        for server in self.servers:
            server.kill_group()
        for process in self.processes():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def _environment(self, home: str) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "GATEBENCH_", "RAY_"))
        }
        store = {"MLFLOW_TRACKING_URI": self.store} if self.store else {}
        own = {MARK: self.token, "GATEBENCH_HOME": str(self.root / home), "PYTHONPATH": str(ROOT)}
        return {**kept, **own, **store, **self.variables}


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], seconds: float = 60.0, pause: float = 0.02) -> bool:
    """Return whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None, "the tracking server has ended"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    assert wait_until(answers), "the tracking server does not answer"


def _is_zombie(folder: Path) -> bool:
    return b") Z " in (folder / "stat").read_bytes()


def _command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
