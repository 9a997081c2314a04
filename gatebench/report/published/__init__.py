"""Published results in the tables.

matching    the results that belong to a table, and the entry of a row
verdicts    whether a row agrees with its entry
columns     the columns, and the values for programs
notes       the notes below the table
"""
