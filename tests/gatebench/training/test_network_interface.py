import socket

import pytest

from gatebench.training.network_interface import interface_of, own_address


def test_the_own_address_towards_this_machine_is_the_loopback() -> None:
    assert own_address("127.0.0.1") == "127.0.0.1"


@pytest.mark.skipif(not hasattr(socket, "AF_PACKET"), reason="this is not Linux")
def test_the_interface_of_the_loopback_is_found() -> None:
    assert interface_of("127.0.0.1") == "lo"
    assert interface_of("192.0.2.7") is None
