"""Runs a model of ONNX with ONNX Runtime, and compares it with the network in torch."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from gatebench.export.onnx_model import LENGTHS, LOGITS, X
from gatebench.task import Batch
from gatebench.training.network import Network


def run_model(content: bytes, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the outputs of a model by name.

    Args:
        content: the model.
        inputs: its inputs by name.
    """
    return _run(_session(content), inputs)


def largest_difference(content: bytes, network: Network, batches: Iterable[Batch]) -> float:
    """Return the largest difference between the logits of a model and those of the network.

    Logits of more than 1 are compared relative to the largest one of the batch.

    Args:
        content: the model of the network.
        network: the network, in evaluation mode.
        batches: the inputs.
    """
    session = _session(content)
    taken = {one.name for one in session.get_inputs()}
    largest = 0.0
    for batch in batches:
        inputs = {X: _input(batch.x), LENGTHS: _lengths(batch)}
        found = _run(session, {name: inputs[name] for name in taken})[LOGITS]
        with torch.no_grad():
            expected = network(batch).numpy()
        if found.shape != expected.shape:
            return float("inf")
        scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
        difference = float(np.abs(found - expected).max(initial=0.0)) / scale
        largest = max(largest, difference if np.isfinite(difference) else float("inf"))
    return largest


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(names, dict(inputs)), strict=True))


def _input(x: torch.Tensor) -> NDArray[Any]:
    """Return the input of a network as the model takes it: floats, or whole numbers of 64 bits."""
    values: NDArray[Any] = (x if x.is_floating_point() else x.long()).numpy()
    return values


def _lengths(batch: Batch) -> NDArray[Any]:
    """Return the valid steps of each sequence, T if the batch has no lengths."""
    if batch.lengths is None:
        return np.full(batch.x.shape[1], len(batch.x), np.int64)
    lengths: NDArray[Any] = batch.lengths.long().numpy()
    return lengths
