"""`sluice completion`: what a shell needs to complete our words."""

import sys

from sluice.cli.crash import CannotGoOn

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SLUICE_COMPLETE"  # by it the shell asks the program, which answers instead of running


def completion(shell: str) -> None:
    """Prints the script for bash, zsh or fish.   Example: sluice completion bash > sluice.bash"""
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise CannotGoOn(f"{shell} is not a shell that is completed: choose {', '.join(SHELLS)}")
    sys.stdout.write(get_completion_script(prog_name="sluice", complete_var=VARIABLE, shell=shell) + "\n")
