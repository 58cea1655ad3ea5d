"""What objects show of themselves in notebooks: tables and diagrams as HTML and SVG, made of plain
numbers and names.

Nothing here is a script, nothing is loaded from anywhere. Text and lines have the notebook's own
colour (`currentColor`), and the few other colours stand out by 3 : 1 or more from white and from
black: a light theme, a dark one and the page of an exported notebook can all be read without asking
which it is, and so without asking wrongly. Every name is escaped: class names and columns come from
files.
"""
