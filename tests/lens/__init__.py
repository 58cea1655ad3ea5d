"""Proof that what is told of a network is true of it."""
