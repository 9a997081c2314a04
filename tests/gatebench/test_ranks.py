import socket

import pytest

from gatebench.ranks import ALONE, SHARED_PORTS, reserved_port


def test_alone_is_the_only_rank() -> None:
    assert (ALONE.rank, ALONE.world) == (0, 1)


@pytest.mark.skipif(not SHARED_PORTS, reason="no two sockets of this system have the same port")
def test_only_a_socket_that_shares_its_port_gets_a_reserved_one() -> None:
    with reserved_port("127.0.0.1") as port:
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port)).close()
        listener = socket.create_server(("127.0.0.1", port), reuse_port=True)
        with listener, socket.create_connection(("127.0.0.1", port), 10) as client:
            accepted, address = listener.accept()
            accepted.close()
            assert address == client.getsockname()
    socket.create_server(("127.0.0.1", port)).close()
