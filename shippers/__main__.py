"""The ``flyship`` command: arguments in, one call, exit code out. 0 fine, 1 something was not shipped, 2 bad usage."""

from importlib import import_module

import click

COMMANDS = (
    "stdin",
    "files",
    "nats",
    "api",
    "receive",
    "probe",
    "run",
    "status",
    "doctor",
)  # files of ``shippers.commands``, in the order of the help


class Commands(click.Group):
    """Imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        """Return a command, None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"shippers.commands.{cmd_name}").command
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Ship log lines to Kafka. FLYWATCH_KAFKA__BOOTSTRAP says where it is (default: localhost:9092)."""


def main() -> None:
    """Run the command."""
    cli(prog_name="flyship")


if __name__ == "__main__":
    main()
