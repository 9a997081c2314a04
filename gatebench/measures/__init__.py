"""Statistics of arms, statistics of gates, and metrics of continual learning."""
