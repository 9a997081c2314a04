"""Compiles C text to a library and loads it. Each text is compiled once on a machine.

A library is kept in `$XDG_CACHE_HOME/gatebench/USER`, or in `~/.cache/gatebench/USER` if that variable is not set. USER
is the part of gatebench that needs it: "fused" or "gates". The name of a library holds two hashes: one of everything
that determines it (the text, the compiler's version, the instruction set, the flags), and one of its bytes. Several
processes may compile the same text at the same time, because each renames a complete file into place. A damaged file
does not match its name and is compiled again. If the folder cannot be written, the library lies in a private folder
that is deleted with the process, and a warning says so.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gatebench.errors import Refusal

_COMPILERS = ("cc", "gcc", "clang")
_TARGETS = (("-march=native", "-fopenmp"), ("-mcpu=native", "-fopenmp"), ("-march=native",), ("-mcpu=native",), ())
_FLAGS = ("-std=gnu11", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
_PROBE = "#ifdef _OPENMP\n#include <omp.h>\n#endif\n"  # clang takes -fopenmp where there is no OpenMP for it
_PATIENCE = 300  # seconds for one compilation


@dataclass(frozen=True)
class Compiler:
    """A C compiler that works on this machine.

    Attributes:
        command: the program and its first arguments, as in `$CC`.
        flags: the flags, with the instruction set of this machine.
        identity: a hash of the compiler's version and of the instruction set.
    """

    command: tuple[str, ...]
    flags: tuple[str, ...]
    identity: str


@cache
def compiler() -> Compiler | None:
    """Return the C compiler: `$CC`, or the first of cc, gcc, clang on the path; None if there is none that works."""
    wanted = [shlex.split(os.environ["CC"])] if os.environ.get("CC") else [[c] for c in _COMPILERS]
    for command in wanted:
        if command and shutil.which(command[0]):
            for target in _TARGETS:
                probe = _run([*command, *target, "-dM", "-E", "-x", "c", "-"], _PROBE)
                if probe is not None and probe.returncode == 0:
                    identity = hashlib.sha256(probe.stdout.encode()).hexdigest()
                    return Compiler(tuple(command), (*_FLAGS, *target), identity)
    return None


@cache
def trouble(user: str) -> str | None:
    """Return why nothing can be compiled and loaded here, as one sentence, or None. It tries once in a process."""
    try:
        load("int probe(void) { return 1; }\n", user)
    except Refusal as refusal:
        return str(refusal)
    except OSError as error:
        return f"{user} cannot load what it compiles: {error}."
    return None


def load(text: str, user: str, level: str = "-O3") -> ctypes.CDLL:
    """Return the library that `text` compiles to.

    Args:
        text: C source.
        user: the part of gatebench that needs it, for the folder and for messages.
        level: the flag of the level of optimisation.

    Raises:
        Refusal: there is no compiler, or it fails; the message has its first line of output.
    """
    found = compiler()
    if found is None:
        asked = os.environ.get("CC")
        tried = f"$CC, which is {asked!r}, does not work" if asked else f"none of {', '.join(_COMPILERS)} works"
        raise Refusal(f"{user} needs a C compiler, and {tried} here.")
    found = replace(found, flags=(level, *found.flags))
    content = "\0".join([text, found.identity, *found.command, *found.flags])
    key = hashlib.sha256(content.encode()).hexdigest()[:32]
    folder = cache_folder(user)
    for path in sorted(folder.glob(f"{key}-*.so")) if folder.is_dir() else []:
        if _sound(path):
            return ctypes.CDLL(str(path))
    return ctypes.CDLL(str(_build(found, text, key, user)))


def cache_folder(user: str) -> Path:
    """Return the folder in which the compiled libraries of a part of gatebench are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root and Path(root).is_absolute() else Path.home() / ".cache") / "gatebench" / user


def _build(found: Compiler, text: str, key: str, user: str) -> Path:
    folder = cache_folder(user)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        work = tempfile.TemporaryDirectory(dir=folder, prefix="build-", ignore_cleanup_errors=True)
    except OSError as error:
        warnings.warn(
            f"Compiled code is not kept: {folder} cannot be written ({error.strerror}).",
            RuntimeWarning,
            stacklevel=2,
        )
        return _compile(found, text, _private_folder(), user)
    with work:
        made = _compile(found, text, Path(work.name), user)
        final = folder / f"{key}-{_checksum(made)}.so"
        made.replace(final)
    for path in folder.glob(f"{key}-*.so"):
        if not _sound(path):
            path.unlink(missing_ok=True)
    return final


def _compile(found: Compiler, text: str, folder: Path, user: str) -> Path:
    source = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.c"
    source.write_text(text, encoding="utf-8")
    made = source.with_suffix(".so")
    done = _run([*found.command, *found.flags, "-o", str(made), str(source), "-lm"])
    if done is None or done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}") if done else "it did not run to its end"
        raise Refusal(f"{user} could not be compiled by {found.command[0]}: {said.splitlines()[0]}")
    return made


def _run(command: list[str], given: str = "") -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _sound(path: Path) -> bool:
    """Return whether the bytes of a library match the checksum in its name."""
    try:
        return path.stem.rpartition("-")[2] == _checksum(path)
    except OSError:
        return False


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


_private: list[tempfile.TemporaryDirectory[str]] = []


def _private_folder() -> Path:
    if not _private:
        _private.append(tempfile.TemporaryDirectory(prefix="gatebench-", ignore_cleanup_errors=True))
    return Path(_private[0].name)
