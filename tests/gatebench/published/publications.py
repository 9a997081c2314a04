"""A made-up publication for the tests."""

from copy import deepcopy
from typing import Any

from gatebench.published import Publication
from gatebench.published.content import publication_of

VALUES: dict[str, Any] = {
    "place": "Table 1",
    "task": "sentiment",
    "metric": "accuracy",
    "unit": "%",
    "entries": {"lstm": {"value": "81.0", "mark": "verified"}, "gru": {"value": "70.5", "mark": "secondary"}},
}
SIGNIFICANCES: dict[str, Any] = {
    "place": "Figure 3",
    "task": "sentiment",
    "metric": "accuracy",
    "baseline": "lstm",
    "entries": {
        "gru": {"significance": "not significant", "mark": "unverified"},
        "nfg": {"significance": "worse", "mark": "unverified"},
    },
}


def content(**results: Any) -> dict[str, Any]:
    """Return the content of a file with these results."""
    return {"citation": "Doe 2015", "source": "Doe, Gates, arXiv 1", "year": "2015", "results": deepcopy(results)}


def publication(**results: Any) -> Publication:
    """Return the publication "doe2015" with these results."""
    return publication_of("doe2015", content(**results), "doe2015")
