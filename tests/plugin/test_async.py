"""`async def` claims run under the plugin that runs async tests, trial by trial or in one loop."""

from __future__ import annotations

import pytest
from childrun import Runner, assert_clean, verdicts

pytest.importorskip("pytest_asyncio")
pytest.importorskip("anyio")

SUITE = """
    import asyncio, pytest, pytest_asyncio
    from pytest_ophamin import claim
    made = []

    @pytest_asyncio.fixture
    async def resource():
        made.append(1)
        yield len(made)

    @{mark}
    @claim("fast", metric="proportion", at_least=0.5, trials=60)
    async def test_fast(trial):
        await asyncio.sleep(0)
        return trial.rng.random() < 0.95

    class TestMethod:
        @{mark}
        @claim("new instance", metric="proportion", at_least=0.8, trials=60)
        async def test_instance(self, trial):
            await asyncio.sleep(0)
            self.count = getattr(self, "count", 0) + 1
            return self.count == 1

    @{mark}
    @claim("void", metric="proportion", at_least=0.5, trials=60)
    async def test_void(trial):
        await asyncio.sleep(0)
        if trial.index == 17:
            raise ValueError
        return True
"""

SLOW = """
    @{mark}
    @claim("fresh", metric="proportion", at_least=0.5, trials=60)
    async def test_fresh(trial, resource):
        await asyncio.sleep(0)
        return resource == trial.index + 1
"""


def test_pytest_asyncio(pytester: pytest.Pytester, run: Runner, mode: tuple[str, ...]) -> None:
    """Function-scoped async fixtures are fresh in every trial; exceptions carry their trial."""
    pytester.makepyfile(test_a=(SUITE + SLOW).format(mark="pytest.mark.asyncio"))
    result = run(*mode, child=True)
    assert_clean(result)
    assert verdicts(result) == {
        "fast": "VALIDATED",
        "new instance": "VALIDATED",
        "void": "VOID",
        "fresh": "VALIDATED",
    }
    assert "trial 17 (seed" in result.stdout.str()


def test_anyio(pytester: pytest.Pytester, run: Runner) -> None:
    """anyio's plugin runs claims too."""
    pytester.makepyfile(test_a=SUITE.format(mark="pytest.mark.anyio"))
    pytester.makeconftest(
        "import pytest\n\n@pytest.fixture(scope='module')\ndef anyio_backend():\n    return 'asyncio'\n"
    )
    result = run("-p", "no:asyncio", child=True)
    assert_clean(result)
    assert verdicts(result) == {"fast": "VALIDATED", "new instance": "VALIDATED", "void": "VOID"}


def test_nobody_runs_it(pytester: pytest.Pytester, run: Runner) -> None:
    """An async claim no plugin runs is VOID, and says which plugin would."""
    pytester.makepyfile(test_a=SUITE.format(mark="pytest.mark.filterwarnings('ignore')"))
    result = run()
    assert_clean(result)
    assert result.ret == 1
    assert set(verdicts(result).values()) == {"VOID"}
    assert "async def" in result.stdout.str()
