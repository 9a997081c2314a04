"""Studies and trained networks from the records, for Python. Nothing here is pickled.

best_trial      the trial that is the best by validation
named_trial     the trial with a digest
places          where the records lie
study_frame     a study as a table of pandas, one row a trial
trained_trial   the trained network of a trial, with its gates
"""
