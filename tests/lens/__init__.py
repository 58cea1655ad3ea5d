"""Tests that every explanation of a network is true of that network."""
