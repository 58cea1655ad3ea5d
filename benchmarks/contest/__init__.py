"""Measure pellucid and other libraries at the same work, on this machine.

tasks        the work: a network, its rows, the order of its batches
contender    what each library is asked to do: the base class
own          pellucid, and NumPy by hand
peers        PyTorch, scikit-learn, ONNX Runtime, JAX, each as its own users write it for speed
contenders   the list of all of them
worker       the process in which one contender works, with its number of threads
turns        starts the workers and lets them take turns, so that a slow moment slows all alike
"""
