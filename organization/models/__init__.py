"""The models of this room: accounts, people, units with dated versions, posts, appointments, duties, audit events,
notices."""

from organization.models.audit import AuditEvent, AuditHead
from organization.models.notice import Notice
from organization.models.person import Person
from organization.models.post import Appointment, Duty, Post
from organization.models.unit import OrgEvent, OrgUnit, OrgUnitVersion, TreeStamp
from organization.models.user import User, UserManager

__all__ = [
    "Appointment",
    "AuditEvent",
    "AuditHead",
    "Duty",
    "Notice",
    "OrgEvent",
    "OrgUnit",
    "OrgUnitVersion",
    "Person",
    "Post",
    "TreeStamp",
    "User",
    "UserManager",
]
