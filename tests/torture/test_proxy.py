import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.torture.proxy import CUTS, Cut, Proxy

SECONDS = 20.0
SHORT = 0.3


class Echo(socketserver.BaseRequestHandler):
    got = b""

    def handle(self) -> None:
        while piece := self.request.recv(100):
            Echo.got += piece
            self.request.sendall(piece.upper())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    Echo.got = b""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            with Proxy(server.server_address[1]) as proxy:
                yield proxy
        finally:
            server.shutdown()
            thread.join()


def ask(client: socket.socket, text: bytes, seconds: float = SECONDS) -> bytes | None:
    """Return the answer; None if there is none in time, b"" if the connection was closed."""
    client.settimeout(seconds)
    try:
        client.sendall(text)
        return client.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""


def connected(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), SECONDS)


def test_it_passes_everything_on(proxy: Proxy) -> None:
    with connected(proxy) as client:
        assert ask(client, b"one") == b"ONE"
        assert ask(client, b"two") == b"TWO"
    assert proxy.passed == 12
    assert proxy.lost == 0


@pytest.mark.parametrize(
    ("how", "answer", "got"),
    [("refused", b"", b"before"), ("swallowed", None, b"before"), ("unanswered", None, b"beforecut")],
)
def test_a_cut_network(proxy: Proxy, how: Cut, answer: bytes | None, got: bytes) -> None:
    assert how in CUTS
    with connected(proxy) as old:
        assert ask(old, b"before") == b"BEFORE"
        proxy.cut(how)
        assert ask(old, b"cut", SHORT) == answer
        assert Echo.got == got
        with connected(proxy) as other:
            assert ask(other, b"", SHORT) == answer
        proxy.mend()
        assert ask(old, b"after") == b"", "a connection of the cut network goes on"
    with connected(proxy) as new:
        assert ask(new, b"again") == b"AGAIN"
