"""Settings for development: the data of the demo with DEBUG on."""

from .demo import *

DEBUG = True
