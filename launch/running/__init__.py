"""The running of trials.

attempt         runs one trial and turns its errors into an outcome
garbage         imports without searches for garbage
trial_monitor   writes the events to the records and shows them
known_outcomes  the outcomes in the records, and the trials that are still to run

On Ray's workers:

ray_sweep       runs all trials of a sweep on a cluster
driver          submits the trials, hands on their events, and starts further attempts
trial_groups    the trials that share a process
early_ends      why an attempt ended early
trial_queue     the trials that are not submitted yet, and those that another driver runs
retries         the budgets of further attempts
interrupts      Ctrl-C and SIGTERM in the process that runs trials
mailbox         holds the events between the workers and the driver
event_sender    sends the events of one attempt from the worker
worker_task     runs one attempt on a worker
replicas        runs several attempts in one process
preemption      SIGTERM to a worker
ranks           a trial on several devices: a task for each rank
code_versions   compares the code of the worker with that of the driver
resources       the cores, GPUs and memory of a trial
sweep_cluster   starts the cluster in the background, with the mailbox
local_node      the servers of a local cluster
ray_cluster     joins or starts the Ray cluster
ray_folder      the temporary folder of a local cluster
signal_actions  the actions of signals, which Ray replaces
ray_processes   the processes of a local cluster
"""
