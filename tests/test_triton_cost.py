from collections import Counter

import pytest

from gatebench.backends.triton.tiles import Tile
from tests.triton_compile import Resources
from tests.triton_cost import MULTIPROCESSORS, busy_cycles, predicted

H100 = MULTIPROCESSORS[90]
TILE = Tile(on_chip=True, rows=4, wide_h=64, wide_i=16, warps=8)


def test_each_unit_is_busy_for_the_instructions_that_it_executes() -> None:
    counts = Counter({"FFMA": 100, "MUFU.EX2": 10, "LDS.128": 20, "LDSM.16.M88.4": 5, "HMMA.16816.F32.BF16": 4})
    cycles = busy_cycles(counts, warps=8, gpu=H100)
    assert cycles["issue"] == 139 * 8 / 4
    assert cycles["float32"] == 100 * 8 * 32 / 128
    assert cycles["special"] == 10 * 8 * 32 / 16
    assert cycles["shared"] == (20 * 16 * 32 + 5 * 512) * 8 / 128
    assert cycles["tensor"] == 4 * 8 * 2048 / 1024
    assert busy_cycles(counts, warps=2, gpu=H100)["issue"] == 139, "two warps use two of four schedulers"


def test_latencies_are_added_once_for_each_barrier() -> None:
    counts = Counter({"FFMA": 400, "BAR.SYNC": 3})
    time = predicted(Resources(TILE, 64, 0, 0, counts), 90)
    assert time.unit == "issue"
    assert time.least == pytest.approx(806 / 1.755e3)
    assert time.most == pytest.approx((806 + 3 * 68 + 300) / 1.755e3)


def test_words_without_a_width_have_four_bytes() -> None:
    cycles = busy_cycles(Counter({"STS": 1, "LDG.E.64": 1}), warps=4, gpu=H100)
    assert (cycles["shared"], cycles["cache"]) == (4 * 32 * 4 / 128, 8 * 32 * 4 / 64)
