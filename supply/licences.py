"""`./dev licences`: under which licence each package of a running Sluice stands. One that is not in the list is refused."""

from importlib.metadata import PackageNotFoundError, metadata

from supply.lock import RUNTIME, packages

# What may be shipped beside Apache-2.0, by the words in which packages say it. GPL and AGPL would bind us and our users.
ALLOWED = ("apache", "bsd", "isc", "mit", "mpl-2.0", "psf", "public domain", "python software foundation", "unlicense")
REFUSED = ("gpl", "gnu general public", "gnu affero", "sspl", "commons clause", "busl")


def main(_: list[str]) -> int:
    found = {each.name: licence(each.name) for each in packages(RUNTIME)}
    for name, said in found.items():
        print(f"{name}: {said or 'not installed on this system'}")
    wrong = [name for name, said in found.items() if said is not None and not allowed(said)]
    print(f"not allowed: {', '.join(wrong)}" if wrong else "all allowed")
    return 1 if wrong else 0


def licence(name: str) -> str | None:
    """As the installed package says it, by expression, classifiers or the first line of its field; None: not installed."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    classes = [each.rpartition(" :: ")[2] for each in said.get_all("Classifier", []) if each.startswith("License ::")]
    field = (said.get("License") or "").strip().partition("\n")[0]
    return said.get("License-Expression") or " or ".join(classes) or field


def allowed(said: str) -> bool:
    words = said.lower()
    return any(word in words for word in ALLOWED) and not any(word in words for word in REFUSED)
