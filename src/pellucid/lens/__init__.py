"""Looking inside: evaluation, and pictures of what is in a network. Reads networks, never changes how they compute."""
