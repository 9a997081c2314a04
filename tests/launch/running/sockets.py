"""The sockets on which processes of this machine listen."""

from collections.abc import Iterable
from pathlib import Path

LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same address in IPv6, and ::1, as /proc shows them."""


def listening_addresses(processes: Iterable[int]) -> list[str]:
    """Return the addresses of the TCP sockets on which the processes listen, as /proc shows them."""
    own = {link for process in processes for link in _sockets(process)}
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                addresses.append(fields[1].partition(":")[0])
    return addresses


def _sockets(process: int) -> list[str]:
    found = []
    try:
        for file in Path(f"/proc/{process}/fd").iterdir():
            found.append(str(file.readlink()))
    except OSError:
        return found
    return found
