"""A study as a table of pandas: one row a trial."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.report.trials.rows import trial_rows
from gatebench.saved.places import declaration_of, outcomes_of, record_of

if TYPE_CHECKING:
    import pandas as pd


def load_study(name: str, *, home: str | Path | None = None, tracking_uri: str | None = None) -> pd.DataFrame:
    """Return the trials of a study as a DataFrame with one row a trial.

    The columns are digest, cell, cell_digest, task, seed, status, sentence, metric, direction, score (the headline
    metric on the test set) and chance, then the settings ("params.model.hidden_size"), the final metrics
    ("metrics.test/accuracy") and the facts ("facts.backend"). `frame.attrs["study"]` is the declaration as JSON.

    Args:
        name: the name of the study.
        home: the home; None: $GATEBENCH_HOME, or else the folder `runs`.
        tracking_uri: the address of the records; None: $MLFLOW_TRACKING_URI, or else the sqlite file in the home.

    Raises:
        UserError: there are no such records, or there is no such study, or it contains no trials.
    """
    import pandas as pd

    record = record_of(name, home, tracking_uri)
    outcomes, study = outcomes_of(record), declaration_of(record)
    frame = pd.DataFrame(trial_rows(outcomes, study.order))
    frame.attrs["study"] = study.to_json()
    return frame
