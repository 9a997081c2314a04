"""A TCP proxy that can cut the network between a client and a server."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Literal, Self, get_args

Cut = Literal["refused", "swallowed", "unanswered"]
"""How the network is cut.

refused      all connections are reset, and new ones too
swallowed    nothing passes in either direction, and no connection is closed
unanswered   requests reach the server, but no answer comes back
"""

CUTS: tuple[Cut, ...] = get_args(Cut)
"""The ways in which the network can be cut."""

_PIECE = 1 << 16
_LONG_ENOUGH = 10.0  # seconds


class Proxy:
    """A context manager that listens at a port of this machine and passes connections on to another port.

    Args:
        target: the port of the server.

    Attributes:
        port: the port at which it listens.
        passed: the number of bytes that it has passed on.
        lost: the number of bytes, and of new connections, that it has lost since the first cut.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.passed = self.lost = 0
        self._cut: Cut | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(_LONG_ENOUGH)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(_LONG_ENOUGH)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, how: Cut) -> None:
        """Cut the network."""
        self._do(lambda: self._change(how))

    def mend(self) -> None:
        """Let everything pass again. Connections that were open while the network was cut are reset."""
        self._do(lambda: self._change(None))

    def _do(self, action: Callable[[], None]) -> None:
        async def acted() -> None:
            action()

        asyncio.run_coroutine_threadsafe(acted(), self._loop).result(_LONG_ENOUGH)

    def _change(self, how: Cut | None) -> None:
        self._cut = how
        if how in ("refused", None):
            for writer in [*self._writers]:
                _reset(writer)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)

    async def _close(self) -> None:
        self._server.close()
        for writer in [*self._writers]:
            _reset(writer)
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=_LONG_ENOUGH / 2)  # their connections are closed, so they end

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Pass one connection on, until either side closes it."""
        if self._cut == "refused":
            self.lost += 1
            _reset(client)
            return
        self._writers.add(client)
        server: asyncio.StreamWriter | None = None
        try:
            from_server, server = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(server)
            await asyncio.gather(
                self._pass_on(reader, server, is_answer=False), self._pass_on(from_server, client, is_answer=True)
            )
        except OSError:
            return  # the server, or the client, is gone
        finally:
            for writer in filter(None, (client, server)):
                self._writers.discard(writer)
                _reset(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool) -> None:
        """Pass the bytes of one direction on, except those that the network loses."""
        while piece := await reader.read(_PIECE):
            if self._cut == "swallowed" or (self._cut == "unanswered" and is_answer):
                self.lost += len(piece)
                continue
            self.passed += len(piece)
            writer.write(piece)
            await writer.drain()
        if self._cut is None:
            with suppress(OSError):
                writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection at once: what waits to be sent is lost, and the other side gets a reset."""
    writer.transport.abort()
