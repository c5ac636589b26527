"""Opening a bundle only to look at it: steps 1, 2 and 5, nothing about who signed it or whether it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ophamin.records.verify.envelope import read_envelopes
from pytest_ophamin.records.verify.find import MAX_FILE, check_line_limits, read_regular
from pytest_ophamin.records.verify.parse import read_record
from pytest_ophamin.records.verify.state import StepFailed

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_ophamin.records.verify.state import Record

_NO_SIGNATURES = b'"signatures":[]}'


def open_records(path: Path) -> list[Record]:
    """Read the statements of a bundle, signed or not.

    Raises:
        StepFailed: It has not the form of a bundle.
    """
    try:
        content = read_regular(path, MAX_FILE)
    except FileNotFoundError as error:
        raise StepFailed(f"{path.name} is not there") from error
    check_line_limits(content)
    is_unsigned = content.partition(b"\n")[0].endswith(_NO_SIGNATURES)
    return [read_record(line) for line in read_envelopes(content, is_unsigned=is_unsigned)]
