"""Recurrent layers as torch modules, their initial weights, and conversion from and to `torch.nn`."""
