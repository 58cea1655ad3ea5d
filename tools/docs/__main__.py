"""Build the documentation: `python -m tools.docs`, or `make docs`."""

from __future__ import annotations

import os
import sys

import click

from tools.docs.site import SITE, DocsError, build


def main() -> int:
    """Build the site and print where it is, or what is wrong."""
    try:
        count = build()
    except DocsError as error:
        click.echo(f"{error}\nThe documentation was not built.", err=True)
        return 1
    where = os.path.relpath(SITE)
    click.echo(f"{where}: {count} pages. Look at them: python3 -m http.server --directory {where}")
    click.echo("then open http://localhost:8000")
    return 0


if __name__ == "__main__":
    sys.exit(main())
