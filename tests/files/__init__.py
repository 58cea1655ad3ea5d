"""Proof that a file is whole or not at all, and that nothing in a file is trusted."""
