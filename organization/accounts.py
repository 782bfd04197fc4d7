"""The service account, and what happens to an old account when its login is given to another person."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from organization import audit
from organization.models.user import User

SERVICE_LOGIN = "service"
_service: User | None = None


def service_account() -> User:
    """Returns the service account. The service account owns every page and every revision, so that no page or revision
    names a person.

    Nobody can log in with the service account. An existing row is cached until the process ends. A row that this call
    creates is not cached, because its transaction may still be rolled back.
    """
    global _service
    if _service is not None:
        return _service
    unusable = {"is_active": False, "password": make_password(None), "last_name": "学び", "first_name": "（システム）"}
    user, created = User.objects.get_or_create(login=SERVICE_LOGIN, defaults=unusable)
    if not created:
        _service = user
    return user


def forget_service_account(**kwargs: object) -> None:
    """Signal receiver: empties the cache of the service account. After a migrate or a flush, the account may be
    another row."""
    global _service
    _service = None


@transaction.atomic
def reissue_login(*, login: str, actor: User) -> User:
    """Frees `login` for its next holder. The old account is renamed to `login#1` (or #2 …) and can no longer log in.

    The old account keeps its uid, and so it keeps everything that it owns. Returns the old account. Raises
    PermissionDenied if `actor` may not do this, and ValidationError with the code unknown_login if no account has
    `login`.
    """
    if not actor.has_perm("organization.change_user"):
        raise PermissionDenied("ログインIDを付け替えられるのは、利用者の管理者だけです。")
    user = User.objects.select_for_update().filter(login=login).first()
    if user is None or login == SERVICE_LOGIN:
        raise ValidationError("このログインIDの利用者は見つかりません。番号を確かめてください。", code="unknown_login")
    number = 1
    while User.objects.filter(login=f"{login}#{number}").exists():
        number += 1
    user.login, user.is_active = f"{login}#{number}", False
    user.set_unusable_password()
    user.save()
    audit.record(actor=actor, action="user.reissued", obj=user, before={"login": login}, after={"login": user.login})
    return user
