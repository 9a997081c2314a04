"""The faults that meet the tracking server, and the network to it."""

import shutil
import signal
import socket
import sqlite3
import time
from contextlib import closing
from random import Random

from tests.torture.place import Command, Place, free_port, wait_until
from tests.torture.proxy import CUTS, Proxy


def server_dies_and_comes_back(place: Place, random: Random) -> None:
    """Kill -9 the tracking server and start it again some seconds later."""
    server, port = serve(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random, training=True)
    server.kill_group()
    time.sleep(random.uniform(0.5, 3))
    serve(place, port)
    command.wait()


def server_dies(place: Place, random: Random) -> None:
    """Kill -9 the tracking server; it comes back only after the command has ended."""
    server, port = serve(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random, training=True)
    server.kill_group()
    command.wait()
    serve(place, port)


def server_hangs(place: Place, random: Random) -> None:
    """Let the tracking server stop for some seconds without closing its connections."""
    server, _ = serve(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random, training=True)
    server.kill_group(signal.SIGSTOP)
    time.sleep(random.uniform(1, 15))
    server.kill_group(signal.SIGCONT)
    command.wait()


def network_is_cut(place: Place, random: Random) -> None:
    """Cut the network to the tracking server up to three times, each time for some seconds."""
    proxy = _proxy(place)
    command = place.sweep()
    for _ in range(random.randint(1, 3)):
        place.injected += place.await_moment(command, random)
        proxy.cut(random.choice(CUTS))
        time.sleep(random.uniform(0.2, 8))
        proxy.mend()
    command.wait()
    assert proxy.passed, "nothing has passed through the proxy"


def network_stays_cut(place: Place, random: Random) -> None:
    """Cut the network to the tracking server until the command has ended; the next one brings the rest."""
    proxy = _proxy(place)
    command = place.sweep()
    place.injected += place.await_moment(command, random)
    proxy.cut(random.choice(CUTS))
    command.wait()
    proxy.mend()


def _proxy(place: Place) -> Proxy:
    """Start a tracking server and a proxy before it, which all commands of the round use."""
    _, port = serve(place)
    proxy = place.stack.enter_context(Proxy(port))
    place.store = f"http://127.0.0.1:{proxy.port}"
    return proxy


def serve(place: Place, port: int | None = None) -> tuple[Command, int]:
    """Start a tracking server over a sqlite file of the round, wait until it answers, and let the commands use it.

    Args:
        place: the folders and processes of the round.
        port: the port of the server; None: a free one.

    Returns:
        The server and its port.
    """
    port = port or free_port()
    database, empty = place.root / "server.db", place.cache / "empty.db"  # it takes a server seconds to make one
    if empty.exists() and not database.exists():
        shutil.copy(empty, database)
    arguments = ["-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{database}"]
    arguments += ["--artifacts-destination", str(place.root / "served")]
    arguments += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    place.store = f"http://127.0.0.1:{port}"
    server = place.serve("server", arguments, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    wait_until(lambda: _answers(port) or not server.runs, 180)
    assert _answers(port), f"the tracking server does not answer: {server.text[-2000:]}"
    if not empty.exists():
        with closing(sqlite3.connect(database)) as made, closing(sqlite3.connect(empty)) as copy:
            made.backup(copy)
    return server, port


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
