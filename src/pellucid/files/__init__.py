"""The model file, and writing a file whole or not at all."""
