"""The report of a study as one HTML page: its table and its figures. It loads nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from gatebench.report.ablation_table import AblationTable
from gatebench.report.render import FORMATS

CAPTIONS = {
    "scores": "Each mark is a trial, and each line the mean of a cell.",
    "curves": "The validation score over the epochs: the median over the seeds, and the range from the least to the "
    "greatest.",
    "size": "The validation score against the number of parameters. Each mark is a trial.",
    "gates": "The validation score against the mean of the gate that keeps, at the best epoch. Each mark is a trial.",
    "parallel coordinates": "Each line is a trial, and each vertical axis a metric.",
}
"""The captions of the figures, by the last part of their titles."""


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
    caption = CAPTIONS.get(title.rpartition(": ")[2], "")
    source = f"data:image/svg+xml;base64,{b64encode(picture).decode()}"
    # A picture is dark on white, so that it needs a white ground where a browser shows the page in dark colours.
    style = "max-width:100%;background:#fff;border-radius:4px"
    return (
        f'<section>\n<h2>{escape(title)}</h2>\n<figure style="margin:0">\n'
        f'<img src="{source}" alt="{escape(title)}" style="{style}">\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>\n</section>\n"
    )
