"""Tasks that forecast time series."""
