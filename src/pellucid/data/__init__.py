"""Pictures and tables in.

MNIST, files like it, pictures of digits, folders of them, and toy problems.
"""

from pellucid.data.folders import Pictures, read_image_folder
from pellucid.data.idx import read_idx, write_idx
from pellucid.data.images import digit, digit_steps, read_picture
from pellucid.data.mnist import Digits, Part, mnist, read_digits
from pellucid.data.toys import circles, moons, spirals, xor

__all__ = [
    "Digits",
    "Part",
    "Pictures",
    "circles",
    "digit",
    "digit_steps",
    "mnist",
    "moons",
    "read_digits",
    "read_idx",
    "read_image_folder",
    "read_picture",
    "spirals",
    "write_idx",
    "xor",
]
