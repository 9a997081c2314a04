"""Pure functions from values to figures: gate statistics, statistics of arms, continual learning."""
