"""The same network in PyTorch: as modules, and as a state_dict in a safetensors file.

`equivalents` is the table of which layer is which module, and the other files read it; only
`modules`, `to_module` and `from_module` need PyTorch itself.
"""
