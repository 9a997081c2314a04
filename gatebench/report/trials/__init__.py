"""The trials of a study for other programs: one row a trial.

rows        the rows as plain data
files       the rows as the content of a CSV, JSON or Parquet file
"""
