"""Trained networks for other programs: as ONNX, and as modules of plain torch.

onnx_nodes      a graph of ONNX under construction
layer_nodes     one recurrent layer: the step of any cell as the body of ONNX's `Scan`
module_nodes    encoders and heads
onnx_model      the whole network, or recurrent layers alone, as a model
onnx_check      the largest difference between a model and the network
plain_code      encoders and heads as code that needs torch alone
supported       which networks can be exported
plain_torch     the whole network around `torch.nn.LSTM`, `GRU` or `RNN`, as weights and a Python file

Only this package imports onnx and onnxruntime, which are optional.
"""
