"""Parts that several tasks share: objectives, heads, splits, splits of unequal lengths, checks of parameters."""
