"""Fuzzing of every reader of files: `make fuzz` for long, a short run in `make integration`."""
