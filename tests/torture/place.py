"""The folders, the commands and the processes of one round."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from uuid import uuid4

from tests.paths import ROOT
from tests.torture.loads import PLAIN, Load

MARK = "GATEBENCH_TORTURE"
"""The environment variable that marks the processes of a round."""

_GATEBENCH = "import sys; from launch.main import main; sys.exit(main())"
_LONGEST = 600.0  # seconds that a command may take
_POLL = 0.02  # seconds between two looks at a command


@dataclass
class Command:
    """A running command.

    Attributes:
        process: the process, the leader of its own group.
        log: the file with all that it prints.
        before: the number of attempts in the homes when it was started.
    """

    process: subprocess.Popen[bytes]
    log: Path
    before: int = 0

    @property
    def text(self) -> str:
        """The text that it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def wait(self, seconds: float = _LONGEST) -> int:
        """Return its exit code.

        Raises:
            AssertionError: it has not ended in time.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.log.name} has not ended after {seconds} s:\n{self.text[-2000:]}") from None

    def kill(self, number: int = signal.SIGKILL) -> bool:
        """Send a signal to the process of the command alone. Return whether it still ran."""
        if not self.runs:
            return False
        self.process.send_signal(number)
        return True

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process of the command and to all that it has started in its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@dataclass
class Place:
    """The folders and the processes of one round.

    Attributes:
        root: the folder of the round.
        cache: a folder that all rounds share.
        load: the sweep.
        home: the name of the home below it.
        store: the address of the records; None: the sqlite file of the home.
        variables: additional environment variables of the commands.
        more: additional arguments of the sweep.
        token: the value of `MARK`.
        prefix: the command before each command, for example ("unshare", "--uts").
        services: the tracking servers and clusters. They are no processes of a sweep, so they do not carry the mark.
        stack: the proxies, which end with the round.
        injected: the number of faults that met a running command, or its files.
    """

    root: Path
    cache: Path
    load: Load = PLAIN
    home: str = "home"
    store: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    token: str = field(default_factory=lambda: uuid4().hex)
    prefix: tuple[str, ...] = ()
    services: list[Command] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)
    injected: int = 0

    @property
    def home_folder(self) -> Path:
        """The home."""
        return self.root / self.home

    @property
    def _services_folder(self) -> Path:
        return self.root / "services"

    def start(self, *arguments: str, home: str | None = None) -> Command:
        """Start `gatebench ARGUMENTS`."""
        log = self.new_log(arguments[0])
        before = len(self.attempts())
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self.prefix, sys.executable, "-c", _GATEBENCH, *arguments],
                cwd=self.root,
                env=self.environment(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Command(process, log, before)

    def sweep(self, home: str | None = None) -> Command:
        """Start the sweep."""
        return self.start("sweep", *self.load.arguments, *self.more, home=home)

    def run(self, *arguments: str) -> str:
        """Run `gatebench ARGUMENTS` to its end and return its output.

        Raises:
            AssertionError: its exit code is not 0.
        """
        command = self.start(*arguments)
        code = command.wait()
        assert code == 0, f"gatebench {' '.join(arguments)} ended with {code}:\n{command.text[-3000:]}"
        return command.text

    def serve(self, name: str, arguments: list[str], **variables: str) -> Command:
        """Start a process that serves the sweeps and is none of theirs. Its input is a pipe."""
        self._services_folder.mkdir(exist_ok=True)
        log = self.new_log(name)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._services_folder,
                env=self.environment() | {MARK: ""} | variables,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.services.append(Command(process, log))
        return self.services[-1]

    def new_log(self, name: str) -> Path:
        """Return the path of a new log file."""
        return self.root / f"{len(list(self.root.glob('*.log'))):02}-{name}.log"

    def attempts(self, *states: str) -> list[Path]:
        """Return the folders of the attempts that have begun. States: "open", "done" (recorded), or both."""
        return [folder for state in states or ("open", "done") for folder in self.root.glob(f"*/spool/*/{state}/*")]

    def await_moment(self, command: Command, random: Random, *, training: bool = False) -> bool:
        """Wait for a random moment of a command and return whether it still runs.

        The moments are spread over the start of the command, each of its trials, and its end.

        Args:
            command: the command.
            random: the generator.
            training: whether the moment is to be in the trials.
        """
        begun = len(self.attempts()) - command.before
        wanted = random.randint(0 if not training else 1, self.load.trials + (not training))
        if wanted == 0:
            pause = random.uniform(0, 6)  # before the first trial
        else:
            pause = random.expovariate(3)
            left = self.load.trials - len(self.attempts("done"))
            while command.runs and begun < min(wanted, max(1, left)):
                time.sleep(_POLL)
                begun = len(self.attempts()) - command.before
        if wanted > self.load.trials:
            pause += random.uniform(0, 3)  # in the last trials, or after them
        wait_until(lambda: not command.runs, pause)
        return command.runs

    def processes(self) -> list[int]:
        """Return the processes of this round that run now.

        They have the mark in their environment, or work in the folder of the round: some write over the environment.
        """
        mark = f"{MARK}={self.token}".encode()
        return _processes(lambda process: _has_mark(process, mark) or (process / "cwd").readlink() == self.root)

    def workers(self, *names: str) -> list[int]:
        """Return the processes with the actors and tasks of Ray. Names: those with tasks of these functions alone."""
        titles = [f"ray::{name}".encode() for name in names or ("",)]
        lines = {process: command_line(process) for process in self.processes()}
        return [process for process, line in lines.items() if line.startswith(tuple(titles)) and b"Agent" not in line]

    def end(self) -> None:
        """Kill all processes of the round, and those of its services."""
        self.stack.close()
        self.kill_services()
        for process in self.processes():
            kill(process)

    def kill_services(self) -> None:
        """Kill all tracking servers and clusters of the round."""
        for process in _processes(lambda folder: (folder / "cwd").readlink() == self._services_folder):
            kill(process)
        for service in self.services:
            service.process.communicate()

    def environment(self, home: str | None = None) -> dict[str, str]:
        """Return the environment variables of a command.

        Args:
            home: the name of the home; None: that of the round.
        """
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "GATEBENCH_", "RAY_"))
        }
        store = {"MLFLOW_TRACKING_URI": self.store} if self.store else {}
        own = {MARK: self.token, "GATEBENCH_HOME": str(self.root / (home or self.home)), "PYTHONPATH": str(ROOT)}
        return {**kept, **own, **store, **self.variables}

    def wait_for_the_end(self, command: Command) -> None:
        """Wait for the end of a killed command, and for that of the processes that it had started.

        Raises:
            AssertionError: some processes go on.
        """
        command.wait()
        assert wait_until(lambda: not self.processes(), 60), f"processes are left: {self.left()}"

    def left(self) -> list[tuple[int, str]]:
        """Return (number, start of the command line) of the processes of this round that run now."""
        return [(one, command_line(one).replace(b"\0", b" ").decode(errors="replace")[:80]) for one in self.processes()]


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], seconds: float = 60.0, pause: float = _POLL) -> bool:
    """Return whether the condition became true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def kill(process: int, number: int = signal.SIGKILL) -> bool:
    """Send a signal to a process. Return whether there was such a process."""
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def command_line(process: int) -> bytes:
    """Return the command line of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _processes(belongs: Callable[[Path], bool]) -> list[int]:
    """Return the running processes for which a function of their folder below /proc is true."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != os.getpid() and belongs(folder) and not _is_zombie(folder):
                found.append(int(folder.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


def _has_mark(process: Path, mark: bytes) -> bool:
    return mark in (process / "environ").read_bytes().split(b"\0")


def _is_zombie(process: Path) -> bool:
    return b") Z " in (process / "stat").read_bytes()
