"""From outcomes to the ablation table and its formats. It imports neither torch nor MLflow, which take seconds.

arms                the outcomes of one cell on one task, by seed
task_table          the columns, rows and notes of one task, as plain data
task_table_builder  the construction of a task's table from its arms
ablation_table      the tables of all tasks
gate_columns        the columns of the roles of gates
number_format       how numbers are written
render              the formats: text, Markdown, LaTeX, CSV
html_page           the format HTML
"""
