"""`filmroll settings`: what holds now, and where it comes from."""

from rich.console import Console
from rich.table import Table

from infra.settings import Settings, described


def show_settings() -> None:
    """Show every setting with its value and source; secrets are hidden."""
    table = Table("setting", "value", "from", "variable", "what it is", box=None, header_style="bold")
    for setting in described(Settings(), {}):
        table.add_row(setting.name, setting.value, setting.source, setting.variable, setting.description)
    Console().print(table)
