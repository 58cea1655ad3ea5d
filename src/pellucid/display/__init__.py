"""How objects look when they are printed or shown in a notebook: text tables, HTML and SVG.

Nothing here is a script, nothing is loaded from anywhere. Text and lines have the notebook's own
color (`currentColor`), and the few other colors have a contrast of 3 : 1 or more with white and
with black, so light themes, dark themes and exported notebooks can all be read. Every name is
escaped: class names and columns come from files.
"""
