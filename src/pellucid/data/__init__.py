"""Images and tables in.

MNIST, files like it, images of digits, folders of them, and toy problems.
"""

from pellucid.data.folders import ImageFolder as ImageFolder
from pellucid.data.folders import read_image_folder as read_image_folder
from pellucid.data.idx import read_idx as read_idx
from pellucid.data.idx import write_idx as write_idx
from pellucid.data.image_files import read_image as read_image
from pellucid.data.images import digit as digit
from pellucid.data.images import digit_steps as digit_steps
from pellucid.data.mnist import Digits as Digits
from pellucid.data.mnist import Part as Part
from pellucid.data.mnist import mnist as mnist
from pellucid.data.mnist import read_digits as read_digits
from pellucid.data.toys import circles as circles
from pellucid.data.toys import moons as moons
from pellucid.data.toys import spirals as spirals
from pellucid.data.toys import xor as xor
