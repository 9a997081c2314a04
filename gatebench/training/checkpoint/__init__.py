"""The checkpoints of a running trial: their content as bytes, and how a trial continues from them.

A checkpoint holds plain values as JSON and tensors as safetensors. Nothing is pickled, so reading it executes nothing.

| state | where it is kept | its part of a checkpoint |
| --- | --- | --- |
| experience, epoch, step | `Position` of `position.py` | JSON |
| matrix, seconds | `TrialSaver` | JSON |
| metrics of the epochs | `Learner.history` | JSON |
| losses of the epoch so far, of each rank | `Learner.losses` | tensors "ranks/0/losses", … |
| weights | `Learner` | tensors "weights/…" |
| weights of the best epoch | `Learner.best_weights` | tensors "best/…" |
| gate sums of the best epoch | `Learner.best_gates` | JSON and tensors "gates/…", "pairs/…" |
| state of the optimiser | Lightning's trainer | tensors "optimizer/…" |
| state of the schedule of the learning rate | `Learner.schedule` | JSON |
| counters of early stopping | its callback | JSON |
| memory of the streams of each rank | `Network.carried` | tensors "ranks/0/carried/…", … |
| generators of each rank: torch's, and those of modules | `random_state.py` | tensors "ranks/0/random/…", … |

The training batches have no state: they depend on the seed, the epoch and the step.
"""
