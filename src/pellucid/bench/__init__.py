"""How fast pellucid and other libraries do the same work on this machine; `pellucid bench` and
`make bench` use it.

tasks        what is done: a network, its rows, its batches contenders   pellucid and NumPy by hand
peers        PyTorch, scikit-learn, ONNX Runtime, JAX, each as its own users would write it for
speed worker       the process in which one contender works, with its number of threads contest
starts the workers and lets them work in turns, so that a machine that slows down slows all alike
"""
