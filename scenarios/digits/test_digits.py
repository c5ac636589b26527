"""Classifiers on held-out data of scikit-learn: accuracy, false positives, latency, non-inferiority, equivalence.

Models are trained once on two fifths of the data. Every trial picks one held-out item that no other trial of its claim
gets, so n is at most the number of held-out items and no item counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from pytest_ophamin import Trial, claim, scenario

HELD_OUT_SHARE = 0.6
SPLIT_SEED = 0
BENIGN = 1
"""How scikit-learn's breast-cancer data labels a tumour that is not malignant."""

Features = npt.NDArray[np.float64]
Item = tuple[Features, int]
"""One row of features, shape (1, k), and its label."""


def digits_bytes() -> bytes:
    """Return the content of the digits data set: a change of it changes every claim's digest."""
    features, labels = load_digits(return_X_y=True)
    return _content(features, labels)


def breast_cancer_bytes() -> bytes:
    """Return the content of the breast-cancer data set."""
    features, labels = load_breast_cancer(return_X_y=True)
    return _content(features, labels)


def _content(features: Features, labels: npt.NDArray[np.int64]) -> bytes:
    return features.astype("<f8").tobytes() + labels.astype("<i8").tobytes()


pytestmark = scenario(
    "Classifiers on scikit-learn's digits and breast-cancer data",
    tier="engineering",
    goal="a small classifier is accurate, quick, and no worse than what it replaces",
    data=(digits_bytes, breast_cancer_bytes),
)


@dataclass(frozen=True)
class Split:
    """Training data, and held-out items one by one."""

    features: Features
    labels: npt.NDArray[np.int64]
    held_out: Sequence[Item]


def _split(features: Features, labels: npt.NDArray[np.int64]) -> Split:
    train, test, train_labels, test_labels = train_test_split(
        features, labels, test_size=HELD_OUT_SHARE, random_state=SPLIT_SEED, stratify=labels
    )
    held_out = [(row.reshape(1, -1), int(label)) for row, label in zip(test, test_labels, strict=True)]
    return Split(features=train, labels=train_labels, held_out=held_out)


def _is_right(model: Pipeline | SVC | KNeighborsClassifier, item: Item) -> bool:
    features, label = item
    return bool(model.predict(features)[0] == label)


@pytest.fixture(scope="module")
def digits() -> Split:
    """8 x 8 grey images of handwritten digits; 1,079 of 1,797 are held out."""
    return _split(*load_digits(return_X_y=True))


@pytest.fixture(scope="module")
def machine(digits: Split) -> SVC:
    """A support vector machine over all 64 pixels."""
    return SVC(gamma=0.001).fit(digits.features, digits.labels)


@pytest.fixture(scope="module")
def small_machine(digits: Split) -> Pipeline:
    """The same over 16 principal components: a quarter of the numbers to keep and to multiply."""
    return make_pipeline(PCA(n_components=16, random_state=SPLIT_SEED), SVC(gamma=0.001)).fit(
        digits.features, digits.labels
    )


@pytest.fixture(scope="module")
def neighbour(digits: Split) -> KNeighborsClassifier:
    """The label of the nearest training image."""
    return KNeighborsClassifier(n_neighbors=1, algorithm="kd_tree").fit(digits.features, digits.labels)


@pytest.fixture(scope="module")
def tumours() -> Split:
    """Thirty measurements of each of 569 tumours; 342 are held out."""
    return _split(*load_breast_cancer(return_X_y=True))


@pytest.fixture(scope="module")
def benign_tumours(tumours: Split) -> Sequence[Item]:
    """The 215 held-out tumours on which an alarm is a false one."""
    return [item for item in tumours.held_out if item[1] == BENIGN]


@pytest.fixture(scope="module")
def screening(tumours: Split) -> Pipeline:
    """A support vector machine over standardised measurements."""
    return make_pipeline(StandardScaler(), SVC()).fit(tumours.features, tumours.labels)


@claim(
    "the digit classifier is right on at least 95 % of held-out images",
    metric="proportion",
    at_least=0.95,
    trials=1000,
    expecting=0.98,
)
def test_accuracy(trial: Trial, machine: SVC, digits: Split) -> bool:
    """One trial: one held-out image; True when it is recognised."""
    return _is_right(machine, trial.pick(digits.held_out))


@claim(
    "the screening raises a false alarm on at most 10 % of benign tumours",
    metric="proportion",
    at_most=0.10,
    trials=200,
    expecting=0.02,
)
def test_false_alarms(trial: Trial, screening: Pipeline, benign_tumours: Sequence[Item]) -> bool:
    """One trial: one benign held-out tumour; True when it is called malignant."""
    features, _ = trial.pick(benign_tumours)
    return bool(screening.predict(features)[0] != BENIGN)


@claim(
    "99 % of single predictions take at most 100 ms",
    metric="p99",
    at_most=100.0,
    unit="ms",
    trials=1000,
    expecting=0.9999,
)
def test_latency(trial: Trial, machine: SVC, digits: Split) -> float:
    """One trial: milliseconds of one prediction, in this process; the threshold is meant for slow, busy machines."""
    features, _ = trial.pick(digits.held_out)
    start = perf_counter()
    machine.predict(features)
    return (perf_counter() - start) * 1000.0


@claim(
    "16 principal components cost at most 3 points of accuracy against all 64 pixels",
    metric="difference",
    at_least=-0.03,
    trials=1000,
    expecting=-0.003,
    expecting_sd=0.07,
)
def test_cheaper_is_not_worse(trial: Trial, small_machine: Pipeline, machine: SVC, digits: Split) -> tuple[bool, bool]:
    """One trial: both models on the same image, the cheaper first."""
    item = trial.pick(digits.held_out)
    return _is_right(small_machine, item), _is_right(machine, item)


@claim(
    "the nearest neighbour and the support vector machine are equally accurate within 3 points",
    metric="difference",
    within=(-0.03, 0.03),
    trials=1000,
    expecting=0.0,
    expecting_sd=0.12,
)
def test_models_are_equivalent(
    trial: Trial, neighbour: KNeighborsClassifier, machine: SVC, digits: Split
) -> tuple[bool, bool]:
    """One trial: both models on the same image."""
    item = trial.pick(digits.held_out)
    return _is_right(neighbour, item), _is_right(machine, item)
