"""The compiled code on a 64-bit ARM processor, which an emulator replaces: `reference` runs here, `fused` there.

A small C program reads a call and its buffers, runs the code of the cell and writes the buffers back. The packages are
`gcc-aarch64-linux-gnu`, `libc6-dev-arm64-cross` and `qemu-user-static` of Debian.
"""

import platform
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gatebench import load_cell
from gatebench.backends import fused, scan
from gatebench.backends.fused import compiled_cell
from gatebench.backends.fused.buffer_shapes import BufferShapes
from gatebench.backends.fused.compiled_cell import CompiledCell, source
from gatebench.backends.fused.emit.call_struct import CALL_FIELDS
from gatebench.backends.fused.emit.memory_layout import STREAMS
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.machine import c_compiler
from tests.gatebench.backends.agree import assert_agreement
from tests.gatebench.backends.fused.rounded_forms import rounded_backend
from tests.gatebench.backends.fused.test_rounded_products import assert_rounded

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64-static"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which(COMPILER) and shutil.which(EMULATOR)), reason=f"needs {COMPILER} and {EMULATOR}"
    ),
    pytest.mark.skipif(
        platform.machine() != "x86_64", reason="vectors of 16 bytes are those of x86-64's oldest target"
    ),
]

MAIN = """
#include <stdio.h>
/* The input: the name of the function, the number of values of the call, the values; then for each address in the call
   its index, its bytes and the content. The output has the same contents after the call. */
static void get(void *to, size_t bytes) { if (fread(to, 1, bytes, stdin) != bytes) exit(2); }
int main(void) {
    int64_t is_backward, count, buffers, error = 0;
    get(&is_backward, 8); get(&count, 8); get(&buffers, 8);
    int64_t *call = malloc(8 * count), *index = malloc(8 * buffers), *bytes = malloc(8 * buffers);
    void **memory = malloc(sizeof(void *) * buffers);
    get(call, 8 * count);
    ((Call *)call)->error = &error;
    for (int64_t i = 0; i < buffers; i++) {
        get(index + i, 8); get(bytes + i, 8);
        memory[i] = aligned_alloc(64, (bytes[i] + 127) / 64 * 64);
        get(memory[i], bytes[i]);
        call[index[i]] = (int64_t)memory[i];
    }
    if (is_backward) backward((Call *)call); else forward((Call *)call);
    if (error) return 3;
    for (int64_t i = 0; i < buffers; i++) fwrite(memory[i], 1, bytes[i], stdout);
    return 0;
}
"""


class Emulated:
    """A cell's code for ARM, run by the emulator with the arguments of `CompiledCell.run`.

    Args:
        compiled: the cell. Its code for this machine has vectors of the same width, and is not run.
        folder: for the program.
    """

    def __init__(self, compiled: CompiledCell, folder: Path) -> None:
        self.layout, self.program = compiled.layout, folder / compiled.key
        if not self.program.exists():
            text = source(compiled.layout, compiled.dtype, compiled.by_rows, compiled.form) + MAIN
            flags = ("-std=gnu11", compiled_cell.LEVEL, "-ffp-contract=fast", "-fno-math-errno", "-static")
            command = [COMPILER, *flags, "-x", "c", "-", "-o", str(self.program), "-lm"]
            subprocess.run(command, input=text, text=True, check=True)

    def run(
        self,
        function: str,
        sizes: BufferShapes,
        streams: Mapping[str, Tensor],
        weights: Mapping[str, Tensor],
        lengths: Tensor | None,
        states: Sequence[Tensor] = (),
        gradients: Sequence[Tensor | None] = (),
        options: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        names = [field.name for field in CALL_FIELDS]
        known = [sizes.T, sizes.B, sizes.I, sizes.H, 1, *options]
        scalars = known + [0] * (names.index("stream") - len(known))
        values, buffers = scalars, [(names.index("lengths"), lengths)]
        for name in STREAMS:
            stream = streams.get(name)
            buffers.append((len(values), stream))
            values = [*values, 0, *((1, 0) if stream is None else (stream.shape[0], stream.shape[-1]))]
        ends: list[Tensor | None] = list(states) or [None] * (2 * len(self.layout.derived.forward.memory))
        found = list(gradients) or [None] * len(self.layout.shapes)
        for tensor in (*(weights[n] for n in (*self.layout.weights, *self.layout.vectors)), *ends, *found):
            buffers.append((len(values), tensor))
            values = [*values, 0]
        self._run(function, values, [(index, tensor) for index, tensor in buffers if tensor is not None])

    def _run(self, function: str, values: list[int], buffers: list[tuple[int, Tensor]]) -> None:
        head = struct.pack(f"3q{len(values)}q", function == "backward", len(values), len(buffers), *values)
        parts = [struct.pack("2q", index, t.nbytes) + t.detach().numpy().tobytes() for index, t in buffers]
        done = subprocess.run([EMULATOR, str(self.program)], input=b"".join([head, *parts]), capture_output=True)
        assert done.returncode == 0, done.stderr
        first = 0
        for _, tensor in buffers:
            given = tensor.detach().numpy()  # autograd does not notice that they change
            given[...] = np.frombuffer(done.stdout, given.dtype, given.size, first).reshape(given.shape)
            first += tensor.nbytes


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arm")


@pytest.fixture
def _on_arm(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = c_compiler.compiler()
    assert found is not None
    narrow = replace(found, flags=(*found.flags, "-march=x86-64"))
    monkeypatch.setattr(c_compiler, "compiler", lambda: narrow)

    def emulated(self: CompiledCell, *given: Any, **named: Any) -> None:
        own = self if self.single is None or given[1].B > 1 else self.single()
        Emulated(own, programs).run(*given, **named)

    monkeypatch.setattr(compiled_cell, "_compiled_cells", {})
    monkeypatch.setattr(CompiledCell, "run", emulated)
    compiled_cell.compile_cell.cache_clear()
    yield
    compiled_cell.compile_cell.cache_clear()


@pytest.mark.usefixtures("_on_arm")
@pytest.mark.parametrize(
    "name", ["lstm_peephole", "gru_before", "lstm_fgr", "slstm", "lstm_attention_input", "minlstm"]
)
def test_a_cell_on_arm(name: str) -> None:
    cell = load_cell(name)
    for backend in (fused, scan) if name == "minlstm" else (fused,):
        assert_agreement(backend, cell, (7, 13, 1, 21), torch.float64, 1e-12, lengths=[7, 3, 0] * 4 + [5])
        assert_agreement(backend, cell, (5, 9, 3, 16), torch.float32, 2e-5)
        assert_agreement(backend, cell, (5, 1, 3, 21), torch.float32, 2e-5)


@pytest.mark.usefixtures("_on_arm")
@pytest.mark.parametrize("name", ["lstm_peephole", "gru_before"])
def test_a_cell_with_rounded_factors_on_arm(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = rounded_backend(ProductForm.ROUNDED, monkeypatch)
    assert_rounded(backend, load_cell(name), [((5, 9, 3, 16), [5, 3, 1] * 3)], monkeypatch)
