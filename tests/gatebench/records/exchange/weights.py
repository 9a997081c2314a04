"""A safetensors file to test with."""

import json


def small_weights() -> bytes:
    """Return a safetensors file with one number, and the metadata of a network."""
    tensor = json.dumps({"dtype": "float32", "shape": [-1, 1]})
    header = {
        "__metadata__": {"input": tensor, "output": tensor},
        "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(4)
