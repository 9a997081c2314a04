import json
import re
from dataclasses import replace

import numpy as np

from gatebench.report.gates_page.page import GatesPage, gates_page
from gatebench.report.gates_page.payload import GateValues
from gatebench.views import Words

PAGE = GatesPage(
    "lstm <b> · text",
    {"right answer": "</dd><script>"},
    ["a note & more"],
    [("</script>", 1.0)],
    Words(("</script><script>alert(1)</script>", "good")),
    [[GateValues("keep (f)", True, np.zeros((2, 3)))]],
    [1],
    [""],
)


def test_no_text_can_leave_its_place() -> None:
    text = gates_page(PAGE)
    assert text.count("<script") == text.count("</script>") == 2
    assert "<b>" not in text
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    content = json.loads(data[1])
    assert content["views"][""]["words"][0] == "</script><script>alert(1)</script>"
    assert content["answers"] == [["</script>", 1.0]]
    assert content["layers"][0][0]["label"] == "keep (f)"


def test_a_part_has_a_view_of_its_own() -> None:
    page = replace(PAGE, parts=["decoder"], part_views={"decoder": Words(("a", "b"))})
    assert page.layer_views == [Words(("a", "b"))]
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', gates_page(page), re.DOTALL)
    assert data is not None
    content = json.loads(data[1])
    assert (content["parts"], content["views"]["decoder"]["words"]) == (["decoder"], ["a", "b"])


def test_the_page_loads_nothing() -> None:
    assert not re.search(r"(src|href)\s*=|url\(|https?:|import\(|fetch\(", gates_page(PAGE))
