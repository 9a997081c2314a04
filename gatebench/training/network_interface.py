"""The network interface of this machine that leads to another one."""

import socket
import struct
from importlib.util import find_spec

_SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface
_ANY_PORT = 9


def own_address(other: str) -> str:
    """Return the address of this machine from which it reaches another one. Nothing is sent.

    Args:
        other: the address or the name of the other machine.

    Raises:
        OSError: the name is unknown, or no network leads there.
    """
    family, kind, _, _, destination = socket.getaddrinfo(other, _ANY_PORT, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as datagrams:
        datagrams.connect(destination)
        return str(datagrams.getsockname()[0])


def interface_of(address: str) -> str | None:
    """Return the name of the interface with this IPv4 address; None if there is none, or if it cannot be told.

    Examples:
        >>> interface_of("192.0.2.1") is None  # an address for documentation, which no machine has
        True
    """
    if find_spec("fcntl") is None:  # Windows
        return None
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                reply = fcntl.ioctl(datagrams.fileno(), _SIOCGIFADDR, request)
            except OSError:  # an interface without an IPv4 address
                continue
            if socket.inet_ntoa(reply[20:24]) == address:
                return name
    return None
