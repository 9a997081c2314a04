"""The page as one HTML file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files

from gatebench.report.gates_page.payload import GateValues, layer_data, view_data
from gatebench.views import View


@dataclass(frozen=True)
class GatesPage:
    """The content of the page.

    Attributes:
        title: what was run: cell, task, seed and example.
        facts: {name: value} of the lines below the title, for example the right answer.
        notes: sentences about the example.
        answers: the names of the classes with their probabilities, the most probable first.
        view: how the example is shown.
        layers: the gates of each layer.
        directions: the number of directions of each layer.
        parts: the name of the recurrent part of each layer; "" in a network with one part.
        part_views: {name of a part: how its steps are shown} of parts with other steps than the example.
    """

    title: str
    facts: Mapping[str, str]
    notes: Sequence[str]
    answers: Sequence[tuple[str, float]]
    view: View
    layers: Sequence[Sequence[GateValues]]
    directions: Sequence[int]
    parts: Sequence[str]
    part_views: Mapping[str, View] = field(default_factory=dict)

    @property
    def layer_views(self) -> list[View]:
        """How the steps of each layer are shown."""
        return [self.part_views.get(part, self.view) for part in self.parts]


def gates_page(page: GatesPage) -> str:
    """Return the page. All texts are escaped, and it loads no scripts, fonts or pictures from elsewhere."""
    data = {
        "views": {"": view_data(page.view)} | {part: view_data(view) for part, view in page.part_views.items()},
        "layers": [layer_data(gates) for gates in page.layers],
        "directions": list(page.directions),
        "parts": list(page.parts),
        "answers": [list(answer) for answer in page.answers],
    }
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in page.facts.items())
    notes = "".join(f"<li>{escape(note)}</li>" for note in page.notes)
    folder = files(__package__)
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title>
<style>
{style}</style>
</head>
<body>
<h1>{escape(page.title)}</h1>
<dl>{facts}</dl>
<ul class="notes">{notes}</ul>
<div id="answers"></div>
<form id="controls"></form>
<main id="example"></main>
<section id="units"></section>
<script type="application/json" id="data">{_for_script(data)}</script>
<script>
{script}</script>
</body>
</html>
"""


def _for_script(data: object) -> str:
    """Return data as JSON that cannot end the element it stands in."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
