"""Bring Superset's own tables and its built-in roles to this version, and keep its two users.

Request: {"users": [{"name", "title", "role", "secret"}]}; `secret` names a file of the secrets.
"""

import os
from pathlib import Path

from application import answer, application, request

OPERATOR_ROLE = "operator"


def main():
    wanted = request()
    with application():
        from flask_appbuilder.security.sqla.models import User
        from flask_migrate import upgrade
        from superset import appbuilder, db, security_manager
        from superset.migrations import __file__ as migrations

        upgrade(directory=str(Path(migrations).parent))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        security_manager.add_role(OPERATOR_ROLE)
        # The words of the login page in its language; nothing else is public.
        words = security_manager.add_permission_view_menu("can_language_pack", "Superset")
        security_manager.find_role(security_manager.auth_role_public).permissions = [words]
        for user in wanted["users"]:
            password = (
                (Path(os.environ["MINSHENG_SUPERSET_SECRETS"]) / user["secret"]).read_text("ascii").strip()
            )
            keep_user(security_manager, user, password)
        db.session.commit()
        names = sorted(name for (name,) in db.session.query(User.username))
    answer({"users": names})


def keep_user(security_manager, user, password):
    """The user with this role and password, made or put right."""
    role = security_manager.find_role(user["role"])
    found = security_manager.find_user(username=user["name"])
    if found is None:
        mail = f"{user['name']}@minsheng.invalid"
        security_manager.add_user(user["name"], user["title"], "", mail, role, password=password)
        return
    found.roles = [role]
    found.active = True
    security_manager.reset_password(found.id, password)


if __name__ == "__main__":
    main()
