"""Random small mistakes, and the tests that notice them: `make mutants N=60 SEED=1`."""
