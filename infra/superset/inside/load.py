"""Make Superset hold exactly the bundle: import it, and remove what only an earlier bundle brought.

Request: {"contents": {path: YAML} of what is to be made or changed, "datasets": [uuid] of all that
operators may read, "database_file": path, "secret": name of the readers' password, "digests": {path: digest},
"remove": [uuid]}. Answer: {"imported": count, "removed": count}.

Table `minsheng_asset` of the metadata database keeps what was brought, and when Superset last changed it:
what a person has edited since is seen by that, and put back by the next import. What is going to be brought
is announced there first, with no digest: an import that is interrupted is done again, or removed, by the
next.
"""

import os
from pathlib import Path

import yaml
from application import ADMIN, answer, application, request
from prepare import OPERATOR_ROLE

ASSETS = """create table if not exists minsheng_asset (
    uuid uuid primary key, kind text not null, path text not null, title text not null, digest text not null,
    changed_on timestamp)"""
TITLES = ("dashboard_title", "slice_name", "table_name", "database_name")

# What an operator may do: look. Every right to write is left out; the filter state is a person's own choice
# of view.
OPERATOR_MAY = {
    ("can_query", "Api"),
    ("can_query_form_data", "Api"),
    ("can_time_range", "Api"),
    ("can_read", "AvailableDomains"),
    ("can_read", "Chart"),
    ("can_read", "CssTemplate"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "Dashboard"),
    ("can_view_chart_as_table", "Dashboard"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("menu_access", "Dashboards"),
    ("can_get", "Datasource"),
    ("menu_access", "Home"),
    ("can_get", "MenuApi"),
    ("can_recent_activity", "Log"),
    ("can_read", "SecurityRestApi"),
    ("can_csv", "Superset"),
    ("can_dashboard", "Superset"),
    ("can_explore_json", "Superset"),
    ("can_language_pack", "Superset"),
    ("can_log", "Superset"),
    ("can_slice", "Superset"),
    ("can_read", "Theme"),
}


def main():
    wanted = request()
    with application():
        from superset import db, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        db.session.execute(ASSETS)
        announce(db, wanted["contents"], wanted["digests"])
        db.session.commit()
        password = (
            (Path(os.environ["MINSHENG_SUPERSET_SECRETS"]) / wanted["secret"]).read_text("ascii").strip()
        )
        with override_user(security_manager.find_user(ADMIN)):
            if wanted["digests"]:
                passwords = {wanted["database_file"]: password}
                # sparse: what the contents refer to may be there already
                ImportAssetsCommand(wanted["contents"], passwords=passwords, sparse=True).run()
            removed = remove(db, wanted["remove"])
            let_operators_see(db, security_manager, wanted["datasets"])
        record(db, wanted["contents"], wanted["digests"])
        db.session.commit()
    answer({"imported": len(wanted["digests"]), "removed": removed})


def kinds():
    """Kind of asset -> its model, in the order in which they can be removed."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    return {"dashboards": Dashboard, "charts": Slice, "datasets": SqlaTable, "databases": Database}


def remove(db, uuids):
    """Remove the objects of these UUIDs; how many there were."""
    removed = 0
    for model in kinds().values():
        for each in db.session.query(model).filter(model.uuid.in_(uuids)) if uuids else []:
            db.session.delete(each)
            removed += 1
    db.session.flush()
    for uuid in uuids:
        db.session.execute("delete from minsheng_asset where uuid = cast(:uuid as uuid)", {"uuid": uuid})
    return removed


def let_operators_see(db, security_manager, uuids):
    """The operators' role: the rights above and the data sets of these UUIDs, nothing else."""
    from superset.connectors.sqla.models import SqlaTable

    datasets = db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(uuids))
    wanted = OPERATOR_MAY | {("datasource_access", each.perm) for each in datasets}
    rights = [security_manager.add_permission_view_menu(name, view) for name, view in sorted(wanted)]
    security_manager.find_role(OPERATOR_ROLE).permissions = rights


def announce(db, contents, digests):
    """Write down what is going to be brought, before it is."""
    record(db, contents, dict.fromkeys(digests, ""))


def record(db, contents, digests):
    """Write down what was brought, and when Superset changed it."""
    for path, digest in digests.items():
        asset = yaml.safe_load(contents[path])
        kind = path.partition("/")[0]
        model = kinds()[kind]
        changed_on = db.session.query(model.changed_on).filter(model.uuid == asset["uuid"]).scalar()
        db.session.execute(
            "insert into minsheng_asset (uuid, kind, path, title, digest, changed_on)"
            " values (cast(:uuid as uuid), :kind, :path, :title, :digest, :changed_on)"
            " on conflict (uuid) do update set kind = excluded.kind, path = excluded.path,"
            " title = excluded.title, digest = excluded.digest, changed_on = excluded.changed_on",
            {
                "uuid": asset["uuid"],
                "kind": kind,
                "path": path,
                "title": next(asset[key] for key in TITLES if key in asset),
                "digest": digest,
                "changed_on": changed_on,
            },
        )


if __name__ == "__main__":
    main()
