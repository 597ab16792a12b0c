"""`python -m tests.parity`: the parity table, then every file of the cases that no case covers, and why."""

import sys

import tests.parity.families  # noqa: F401  (registers the cases)
from tests.parity import registry


def main() -> int:
    """Print the table; 1 when a case does not show what it declares or a file is not explained."""
    failed = 0
    for one in sorted(registry.CASES, key=lambda one: (one.folder, one.file, one.metric)):
        try:
            outcome = registry.run(one)
        except registry.CaseMissing as missing:
            print(f"{one.metric:34} {one.folder}/{one.file:58} {'':>9}  not run: {missing} is not here")
            continue
        failed += not outcome.held
        held = "" if outcome.held else "FAILED, expected "
        print(
            f"{one.metric:34} {f'{one.folder}/{one.file}':58} {outcome.difference:9.1e}  {held}{outcome.verdict}"
        )
    print(f"\n{len(registry.CASES)} comparisons. Files without a comparison:")
    for file, why in registry.files_not_covered():
        failed += why is None
        print(f"{file:58} {why or 'NOT EXPLAINED'}")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
