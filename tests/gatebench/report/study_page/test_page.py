import re
from dataclasses import replace
from html.parser import HTMLParser

from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable
from gatebench.report.study_page.page import SECTIONS, CellEquations, StudyPage, study_page
from gatebench.study import Study
from tests.gatebench.report.studies import outcome

EMPTY = AblationTable("Gate ablation: a < b", "Which gate < all?", (), "", ())
PICTURE = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path id="p"/><use href="#p"/></svg>'
NASTY = "<script>alert('1')</script>\x1b[31m"


class Reader(HTMLParser):
    """Collects the texts and the tags of a page, and checks that its elements are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def page_of(*outcomes: Outcome, **changes: object) -> StudyPage:
    return replace(StudyPage(Study("mine"), outcomes, EMPTY), **changes)  # type: ignore[arg-type]


def test_the_page_has_its_parts_in_order() -> None:
    trials = [outcome("lstm", 0, 0.5, settings={"seed": "0", "model.hidden_size": "4"}, facts={"host": "here"})]
    figures = {"digits: scores": PICTURE, "<b>: curves": PICTURE}
    cells = [CellEquations("lstm = lstm_np", "h[t] = n[t]", "Somebody 1999.", "abc")]
    page = Reader(study_page(page_of(*trials, figures=figures, cells=cells, commands=["gatebench sweep cell=lstm"])))
    parts = ["Gate ablation: a < b", "Which gate < all?", "1 trial: 1 finished.", *SECTIONS.values()]
    texts = page.texts[page.texts.index("Which gate < all?") - 2 :]
    assert [texts.index(part) for part in parts[:3]] == sorted(texts.index(part) for part in parts[:3])
    headings = [text for text in page.texts if text in SECTIONS.values()]
    assert headings == [*SECTIONS.values()] * 2  # the links, then the sections
    for text in ("<b>: curves", "lstm = lstm_np", "h[t] = n[t]", "model.hidden_size", "gatebench sweep cell=lstm"):
        assert text in page.texts
    assert "Somebody 1999. Digest abc" in page.texts
    assert "Each mark is a trial, and each line the mean of a cell." in page.texts
    assert "Every trial has a score." in page.texts


def test_ids_are_unique_and_nothing_is_loaded() -> None:
    page = study_page(page_of(outcome("lstm", 0, 0.5), figures={"a: scores": PICTURE, "b: scores": PICTURE}))
    ids = Reader(page).ids
    assert len(ids) == len(set(ids))
    assert {"f0-p", "f1-p"} < set(ids)
    links = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', page)
    assert links
    assert all((one or other).startswith("#") for one, other in links)
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "color-scheme" not in page


def test_untrusted_texts_are_escaped() -> None:
    plain = outcome("lstm", 0, 0.5)
    nasty = replace(
        plain,
        digest=NASTY,
        cell=NASTY,
        task=NASTY,
        status="failed",
        sentence=NASTY,
        facts={NASTY: NASTY},
        settings={f"task.{NASTY}": NASTY, "seed": NASTY},
    )
    cells = [CellEquations(NASTY, NASTY, NASTY, NASTY)]
    page = page_of(plain, nasty, cells=cells, commands=[NASTY], no_figures=[NASTY], written=NASTY)
    table = AblationTable(NASTY, NASTY, (), NASTY, (NASTY,))
    text = study_page(replace(page, study=Study(NASTY), table=table, figures={NASTY: PICTURE}))
    assert "script" not in Reader(text).tags
    assert "<script" not in text


def test_a_study_that_is_not_complete_says_so_at_its_top() -> None:
    trials = [outcome("lstm", 0, 0.5), outcome("lstm", 1, 0.5), outcome("gru", 0, 0.4, status="failed", sentence="Oh.")]
    page = Reader(study_page(page_of(*trials, running=1)))
    place = page.texts.index("This study is not complete.")
    assert place < page.texts.index("Results")
    assert page.texts[place + 1] == (
        "3 trials: 2 finished, 1 failed. 1 trial runs now. 1 trial of 3 did not end (1 failed). "
        "Fewer results on sentiment than other cells: gru 0 of 2."
    )
    assert "Oh." in page.texts


def test_the_trials_that_no_command_runs_are_counted() -> None:
    page = Reader(study_page(page_of(outcome("lstm", 0, 0.5), unnamed_trials=2)))
    assert "2 trials more: the file config.yaml of the run of each trial has all of its settings." in page.texts
