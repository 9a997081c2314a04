"""From outcomes to tables and figures. Imports neither torch nor MLflow, so that a table is there at once."""
