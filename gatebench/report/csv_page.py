"""The ablation table as CSV for programs."""

import csv as csv_format
from io import StringIO

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import RecordValue


def csv(table: AblationTable) -> str:
    """Return one line for each arm and task: unrounded values in the metric's own unit, empty where there is none.

    The lines of all tasks together come last and have the task "(all tasks)".
    """
    records = [row.record for task_table in table.task_tables for row in task_table.rows if row.record]
    columns = list(dict.fromkeys(column for record in records for column in record))
    stream = StringIO()
    writer = csv_format.writer(stream, lineterminator="\n")
    writer.writerows([columns, *([_text(record.get(column)) for column in columns] for record in records)])
    return stream.getvalue()


def _text(value: RecordValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
