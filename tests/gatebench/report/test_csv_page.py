"""CSV gives back every number."""

import csv
import io

from hypothesis import given

from gatebench.report.render import FORMATS
from gatebench.task import Metric
from tests.gatebench.report.studies import MARKUP, outcome, table_of, table_with


@given(MARKUP, MARKUP)
def test_csv_gives_back_every_number_to_the_last_bit(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    found = list(csv.DictReader(io.StringIO(FORMATS["csv"](shown))))
    records = [row.record for row in shown.task_tables[0].rows if row.record]
    assert len(found) == len(records) == 4
    for line, record in zip(found, records, strict=True):
        assert line["cell"] == record["cell"]
        for column, value in record.items():
            if isinstance(value, float):
                assert float(line[column]) == value
            else:
                assert line[column] == (
                    "" if value is None else str(value).lower() if value in (True, False) else str(value)
                )


def test_csv_has_a_line_for_every_task_and_all_their_columns() -> None:
    gate = {"gate/l0/keep/f/mean": 0.75}
    other = outcome("base", 0, 0.5, "ett", metrics=gate, metric=Metric("mse", "min"))
    both = table_of([outcome("base", 0, 0.5), other])
    first, second, *_ = csv.DictReader(io.StringIO(FORMATS["csv"](both)))
    assert (first["task"], first["gate/l0/keep/f/mean"], first["direction"]) == ("sentiment", "", "max")
    assert (second["task"], second["gate/l0/keep/f/mean"], second["direction"]) == ("ett", "0.75", "min")
