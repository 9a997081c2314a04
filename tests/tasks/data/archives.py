"""Archives that the tests pack, good ones and those that a downloader must not unpack."""

import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

FILES: Mapping[str, bytes] = {
    "data/a.txt": b"alpha\n" * 1000,
    "data/deep/b.bin": bytes(range(256)) * 16,
    "data/empty": b"",
    "other/c": b"c",
}
"""What the good ones hold."""


def tar_members(files: Mapping[str, bytes]) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return ordinary members."""
    found = []
    for name, content in files.items():
        member = tarfile.TarInfo(name)
        member.size = len(content)
        found.append((member, content))
    return found


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """Return one member of any kind, with nothing in it."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member, b""


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a tar file of the members, whatever they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for member, content in members:
            packed.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """Return a zip file; `modes` has the file modes of its members as Unix has them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (modes or {}).get(name, 0o100644) << 16
            packed.writestr(member, content)
    return buffer.getvalue()


def tar_bytes(files: Mapping[str, bytes], packing: str, prefix: str = "") -> bytes:
    """Return a tar file of the files, packed with "gz" or "xz", or "" for not at all; the same at any time."""
    data = tar(tar_members({prefix + name: content for name, content in files.items()}))
    if packing == "gz":
        return gzip.compress(data, 1, mtime=0)
    return lzma.compress(data, preset=0) if packing == "xz" else data


PACKERS: Mapping[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "a.tar.gz": lambda files: tar_bytes(files, "gz"),
    "a.tar.xz": lambda files: tar_bytes(files, "xz"),
    "a.zip": zipped,
}
"""By the archive's name, what packs files into it."""


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their relative paths, without lock files, which stay and are empty."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
