"""How it is taught: courses and the records of those who took them. Paths and assignments come later."""

from .course import TrainingCourse
from .record import TrainingRecord

__all__ = ["TrainingCourse", "TrainingRecord"]
