"""The running of trials.

attempt         runs one trial and turns its errors into an outcome
ray_sweep       runs many trials on Ray's workers, which send events to the driver
ray_cluster     joins or starts the Ray cluster
trial_monitor   writes the events to the records and shows them
known_outcomes  the outcomes in the records, and the trials that are still to run
"""
