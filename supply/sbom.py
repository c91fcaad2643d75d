"""`./dev sbom [FILE]`: the bill of materials of a running Sluice, CycloneDX 1.6, from the runtime lock.

The same lock gives the same bytes: no time, no serial number, no index's address. Every component bears the hashes of the files
that the lock lets in.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply.lock import ROOT, RUNTIME

FILE = ROOT / "build" / "sbom.json"


def main(given: list[str]) -> int:
    file = Path(given[0]) if given else FILE
    text = build()
    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        print(f"The bill of materials is not valid CycloneDX: {fault}")
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    print(f"{file}: {len(json.loads(text)['components'])} packages, valid CycloneDX 1.6")
    return 0


def build() -> str:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(RUNTIME), "--pyproject", str(ROOT / "pyproject.toml")]
    command += ["--output-reproducible", "--of", "JSON", "--sv", "1.6", "--no-validate"]  # it is validated as it is written
    made = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    return json.dumps(plain(made), indent=2, sort_keys=True) + "\n"


def plain(made: dict[str, Any]) -> dict[str, Any]:
    """Without the index that the tool takes for granted: hashes stand at their component, references are names."""
    names = {each["bom-ref"]: each["purl"] for each in made["components"]}
    for each in made["components"]:
        each["hashes"] = [found for source in each.pop("externalReferences") for found in source["hashes"]]
        each["bom-ref"] = names[each["bom-ref"]]
        del each["description"]
    for link in made.get("dependencies", ()):
        link["ref"] = names.get(link["ref"], link["ref"])
    made["metadata"].pop("tools", None)
    return made
