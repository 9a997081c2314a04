"""From outcomes to the ablation table and its formats. It imports neither torch nor MLflow, which take seconds.

From outcomes to arms:
    arms                the trials of one cell with the same settings on one task, by seed
    arm_settings        the settings in which trials differ
    shown_metrics       which metrics the tables show
    scores              means, medians and best scores of an arm
    task_comparison     which arms are compared, with which results
    mixed_facts         backends, versions, devices and data in which compared trials differ

From arms to tables as plain data:
    task_table          the columns, rows and notes of a table
    columns             the columns and their texts
    gate_columns        the columns of the roles of gates
    published           the published results beside the rows
    arm_record          the values of a row for programs
    footnotes           the notes on single rows
    notes               the notes on a table
    task_table_builder  the table of one task
    chosen_columns      the columns that `columns=` chooses
    printed_width       the width of a table on paper
    across_tasks_table  the table of all tasks together
    ablation_table      all tables of a study
    number_format       how numbers are written

From tables to formats:
    text_page, markdown_page, latex_page, csv_page, html_page
    study_page          the report of a study as one HTML page
    trials              the trials as CSV, JSON and Parquet, one row a trial
    render              the formats by their names
"""
