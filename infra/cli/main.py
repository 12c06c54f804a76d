"""minsheng (民生): the command line of the platform. Each group of commands is a file of this folder."""

from __future__ import annotations

import typer

app = typer.Typer(name="minsheng", no_args_is_help=True, help="民生：城市公共服务实时事件平台 (live event platform).")
