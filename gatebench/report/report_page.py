"""The report of a study as one HTML page: its table and its figures. It loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from gatebench.report.ablation_table import AblationTable
from gatebench.report.figures.kinds import KINDS
from gatebench.report.render import FORMATS


def report_page(table: AblationTable, figures: Mapping[str, bytes]) -> str:
    """Return the page of the table with the figures below it.

    Args:
        table: the table of the study.
        figures: {title: SVG picture}, for example {"digits: scores": b"<svg …"}.
    """
    sections = "".join(_figure(title, picture) for title, picture in figures.items())
    body, end, rest = FORMATS["html"](table).rpartition("</body>")
    return f"{body}{sections}{end}{rest}"


def _figure(title: str, picture: bytes) -> str:
    kind = KINDS.get(title.rpartition(": ")[2])
    caption = kind.caption if kind else ""
    source = f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
    # A picture is dark on white, so that it needs a white ground where a browser shows the page in dark colours.
    style = "max-width:100%;background:#fff;border-radius:4px"
    return (
        f'<section>\n<h2>{escape(title)}</h2>\n<figure style="margin:0">\n'
        f'<img src="{source}" alt="{escape(title)}" style="{style}">\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>\n</section>\n"
    )
