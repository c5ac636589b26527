"""``ophamin verify`` as a library: fourteen numbered steps, each in the module named beside its number.

     1 find and read once          find.py
     2 envelope profile            envelope.py
     3 signer                      signer.py
     4 signature                   signer.py
     5 strict parse, schema        parse.py
     6 ids, subject                identity.py
     7 members                     identity.py
     8 name, expectations          expectations.py
     9 claims and registration     registration.py, agreement.py, repository.py
    10 observations                observations.py
    11 findings, verdicts          recompute.py
    12 families, green             families.py
    13 history                     chain.py
    14 report                      report.py

Nothing of the tested project is imported, and nothing in a record is ever used as a path, a URL or a module name.
"""

from __future__ import annotations

from pytest_ophamin.records.verify.procedure import verify_bundle, verify_written
from pytest_ophamin.records.verify.report import BundleReport, Report, StepResult, StepState
from pytest_ophamin.records.verify.state import VerifyOptions

__all__ = ["BundleReport", "Report", "StepResult", "StepState", "VerifyOptions", "verify_bundle", "verify_written"]
