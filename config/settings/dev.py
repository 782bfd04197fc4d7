"""Development: the demo's data with DEBUG on."""

from .demo import *

DEBUG = True
