"""Proof that learning is plain gradient descent, and that it ends well however it ends."""
