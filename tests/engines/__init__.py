"""Proof that every engine keeps the one protocol."""
