"""Pure functions on numbers: statistics of arms, statistics of gates, continual learning."""
