"""What tasks are made of: objectives, heads, splits, batches of unequal lengths, checks of fields."""
