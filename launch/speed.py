"""Time cells on their backends, forward and backward, once their results agree with the reference.

gatebench speed
gatebench speed cells=lstm,janet shapes=784,64,1,128 threads=1,2
gatebench speed cells=gru backends=fused,reference seconds=5 json=speed.json

cells: names, by default the set of the README. shapes: T,B,I,H, several with a semicolon between.
backends: by default fused, and what there is to compare it with. threads: numbers, one run each.
trace=true|false: whether the gates are recorded. allocator=keep|system: see gatebench.allocator.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.cells import cell_names, load_cell
from gatebench.errors import UserError, unknown
from launch.columns import align

if TYPE_CHECKING:
    from gatebench.speed.contest import Row

CELLS = (
    "lstm,lstm_peephole,lstm_nig,lstm_nog,lstm_cifg,janet,gru,rnn_tanh,rnn_relu,"
    "gru_before,mut1,mut2,mut3,lstm_fgr,mingru,minlstm"
)
SHAPES = "64,64,1,64;100,64,40,128;784,64,1,128;784,16,1,64;28,128,28,128;200,32,128,256;61,1,88,100"

SETTINGS = {
    "cells": CELLS,
    "shapes": SHAPES,
    "backends": "fused,scan",
    "threads": "",
    "seconds": "3",
    "trace": "true",
    "allocator": "keep",
    "json": "",
}
"""What can be set, with what holds otherwise."""

DISAGREES = "differs"  # a word of every sentence that tells of a disagreement


def run(argv: Sequence[str]) -> int:
    """Print the table; return 0, or 1 where a backend disagrees with the reference.

    Raises:
        UserError: a setting is not allowed.
    """
    if any(argument in ("-h", "--help") for argument in argv):
        print(__doc__)
        return 0
    given = _settings(argv)
    import torch  # only now: --help needs none of it

    from gatebench import allocator
    from gatebench.backends import find
    from gatebench.speed.contest import contest
    from gatebench.speed.measure import gemm_peak
    from gatebench.speed.problem import Shape
    from gatebench.speed.report import HEAD, cells_of, to_json

    shapes = [Shape.parse(text) for text in given["shapes"].split(";")]
    backends = [find(name).NAME for name in given["backends"].split(",")]
    cells = [load_cell(_known(name)) for name in given["cells"].split(",")]
    threads = [_number("threads", text) for text in (given["threads"] or str(torch.get_num_threads())).split(",")]
    said = allocator.keep_memory() if given["allocator"] == "keep" else "The allocator is left as it is."
    print(said)
    rows: list[Row] = []
    peaks: dict[int, float] = {}
    for count in threads:
        torch.set_num_threads(count)
        peaks[count] = gemm_peak()
        print(f"GEMM peak, threads {count}: {peaks[count] / 1e9:.0f} GFLOP/s", flush=True)
        for cell, shape in product(cells, shapes):
            seconds, trace = float(given["seconds"]), given["trace"] == "true"
            for row in contest(cell, shape, backends, seconds, peaks[count], trace=trace):
                rows.append(row)
                print("  ".join(filter(None, cells_of(row))), file=sys.stderr, flush=True)
    print(f"\n{align([HEAD, *map(cells_of, _worth_showing(rows, argv))], 'llllrrrr')}")
    if given["json"]:
        Path(given["json"]).write_text(to_json(rows, peaks, said), encoding="utf-8")
    return int(any(DISAGREES in row.sentence for row in rows))


def _worth_showing(rows: Sequence[Row], argv: Sequence[str]) -> list[Row]:
    """Return the rows without the refusals of backends that nobody named."""
    named = any(argument.startswith("backends=") for argument in argv)
    return [row for row in rows if named or row.seconds is not None or DISAGREES in row.sentence]


def _settings(argv: Sequence[str]) -> dict[str, str]:
    given = dict(SETTINGS)
    for argument in argv:
        key, found, value = argument.partition("=")
        if not found or key not in SETTINGS:
            raise unknown("setting of gatebench speed", key, SETTINGS)
        given[key] = value
    for key, allowed in {"trace": ("true", "false"), "allocator": ("keep", "system")}.items():
        if given[key] not in allowed:
            raise unknown(key, given[key], allowed)
    try:
        float(given["seconds"])
    except ValueError:
        raise UserError(f"seconds is {given['seconds']!r}; it must be a number.") from None
    return given


def _known(name: str) -> str:
    if name not in cell_names():
        raise unknown("cell", name, cell_names())
    return name


def _number(label: str, text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"{label} is {text!r}; it must be whole numbers of at least 1.")
    return int(text)
