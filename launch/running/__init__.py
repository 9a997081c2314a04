"""Running trials: one attempt, many on Ray, the events that they send, and the watch that records them."""
