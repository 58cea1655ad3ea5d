"""The same network in PyTorch: as modules, and as a state_dict in a safetensors file.

`twins` is the one table of which layer is which module; all else reads it, and only `modules` and
`conversion` need PyTorch itself.
"""
