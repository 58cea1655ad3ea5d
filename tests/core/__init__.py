"""Proof that core is right: `witnesses` is the table that every test walks."""
