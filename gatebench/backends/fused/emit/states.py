"""C that copies the initial states to the first slot of their streams, and the final states out of them."""

from __future__ import annotations

from gatebench.backends.fused.emit.call_struct import stream_number
from gatebench.backends.fused.emit.memory_layout import MemoryLayout
from gatebench.spec.dated import now


def states_text(layout: MemoryLayout) -> str:
    """Return `begin_states` and `end_states`, each for the sequences from `first` up to, not including, `last`.

    Slot 0 has the initial states, and slot t has those after t steps.

    Sample for lstm::

        static void begin_states(const Call *a, int64_t first, int64_t last) {
            for (int64_t b = first; b < last; b++) {
                begin_state(a, a->start[0] + b * a->H, STATE_ROW(STREAM_OUTPUT, 0, 0));
                begin_state(a, a->start[1] + b * a->H, STATE_ROW(STREAM_MEMORY, 0, 0));
            }
        }
    """
    rows = [
        f"STATE_ROW({stream_number(place.stream)}, {place.h_before}, {{step}})"
        for place in (layout.places[now(name)] for name in layout.derived.forward.memory)
    ]
    begins, ends = (
        "\n".join(
            f"        {word}_state(a, a->{field}[{number}] + b * a->H, {row.format(step=step)});"
            for number, row in enumerate(rows)
        )
        for word, field, step in (("begin", "start", "0"), ("end", "final", "steps"))
    )
    return f"""
static void begin_states(const Call *a, int64_t first, int64_t last) {{
    for (int64_t b = first; b < last; b++) {{
{begins}
    }}
}}
static void end_states(const Call *a, int64_t first, int64_t last) {{
    for (int64_t b = first; b < last; b++) {{
        const int64_t steps = a->lengths ? a->lengths[b] : a->T;
{ends}
    }}
}}
"""
