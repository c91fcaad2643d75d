"""`sluice explain WORD`: what a word that we print means, without a network or a database (O9)."""

import json
from difflib import get_close_matches

import typer

from sluice.cli.connected import AsJson
from sluice.cli.crash import CannotGoOn


def explain(word: str = typer.Argument(metavar="WORD"), as_json: AsJson = False) -> None:
    """Says what an error, event, alert, discrepancy, metric, setting or number means.   Example: sluice explain lock_timeout"""
    from sluice.cli.words import words

    every = words()
    found = [each for each in every if each.word.lower() == word.lower()]
    if not found:
        near = get_close_matches(word.lower(), {each.word.lower(): each.word for each in every}, 1)
        named = next((f": did you mean {each.word}?" for each in every if [each.word.lower()] == near), "")
        raise CannotGoOn(f"{word} is no word of Sluice{named}")
    if as_json:
        print(json.dumps([each._asdict() for each in found], indent=2))
    else:
        print("\n\n".join(f"{each.word}: {each.kind}\n{each.text}\nMore: {each.see}" for each in found))
