"""Superset's application for the scripts of this folder, which run in Superset's environment, not in ours."""

import json
import logging
import sys
from contextlib import contextmanager

ADMIN = "admin"


def request():
    """What the caller asks for."""
    return json.load(sys.stdin)


def answer(value):
    """Give `value` back to the caller: the last line of the output that is a JSON object."""
    sys.stdout.write("\n" + json.dumps(value, ensure_ascii=False) + "\n")


@contextmanager
def application():
    """Superset's application context; warnings of Superset's start go to standard error."""
    from superset.app import create_app

    app = create_app()
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        yield app
