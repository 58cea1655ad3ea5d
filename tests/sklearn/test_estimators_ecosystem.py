"""pellucid's estimators among scikit-learn's tools, and what happens where scikit-learn is not
installed.
"""

import copy
import inspect
import io
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

import pellucid as pl
from pellucid.sklearn import MLPClassifier, MLPRegressor
from pellucid.sklearn.watching import Watch
from tests.sklearn.versions import newer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
BOTH = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def small(**more: Any) -> MLPClassifier:
    return MLPClassifier(
        **{
            "hidden_layer_sizes": (6,),
            "max_iter": 40,
            "learning_rate_init": 0.01,
            "random_state": 0,
            **more,
        }
    )


def test_pipelines_and_searches() -> None:
    pipe = make_pipeline(StandardScaler(), small())
    search = GridSearchCV(
        pipe,
        {"mlpclassifier__activation": ["relu", ["gelu"]], "mlpclassifier__dropout": [0, 0.2]},
        cv=3,
    )
    assert search.fit(X, Y).best_score_ > 0.9
    assert (cross_val_score(pipe, X, Y, cv=3) > 0.8).all()
    assert pipe.fit(X, Y)[-1].network_.parameter_count == 4 * 6 + 6 + 6 * 3 + 3


def test_two_processes() -> None:
    scores = cross_val_score(small(), X, Y, cv=3, n_jobs=2)
    np.testing.assert_array_equal(scores, cross_val_score(small(), X, Y, cv=3))


def test_calibration_importance_bagging() -> None:
    calibrated = CalibratedClassifierCV(small(), cv=3).fit(X, Y)
    assert calibrated.predict_proba(X).shape == (150, 3)
    found = permutation_importance(small(max_iter=100).fit(X, Y), X, Y, random_state=0)
    assert found.importances_mean.argmax() in (2, 3)  # petals
    assert BaggingClassifier(small(), 3, random_state=0).fit(X, Y).score(X, Y) > 0.8
    features, values = load_diabetes(return_X_y=True)
    several = MultiOutputRegressor(MLPRegressor(max_iter=5)).fit(features, np.c_[values, -values])
    assert several.predict(features).shape == (442, 2)


def test_clone() -> None:
    model = small(
        activation=["tanh"], callbacks=[print], schedule=pl.Cosine(0.1), loss=pl.CrossEntropy(0.1)
    ).fit(X, Y)
    other = clone(model)
    assert other.get_params().keys() == model.get_params().keys()
    assert not hasattr(other, "coefs_")
    assert repr(other) == repr(model)


def test_output_as_a_frame() -> None:
    pipe = make_pipeline(StandardScaler(), small()).set_output(transform="pandas")
    import pandas

    frame = pandas.DataFrame(X, columns=list("abcd"))
    assert list(pipe.fit(frame, Y)[-1].feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        pipe[-1].predict(frame.rename(columns={"a": "e"}))


def test_metadata_is_routed() -> None:
    own = np.where(Y == 0, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = small().set_fit_request(sample_weight=True, X_val=True, y_val=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipe.fit(X, Y, sample_weight=own, X_val=X, y_val=Y)
        assert pipe[-1].validation_scores_ is not None
        scaled = StandardScaler().fit_transform(X)
        expected = small().fit(scaled, Y, sample_weight=own)
        np.testing.assert_array_equal(pipe[-1].coefs_[0], expected.coefs_[0])
        asked = small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(asked, X, Y, cv=3, params={"sample_weight": own})
        assert len(found["test_score"]) == 3


def test_pickles_and_copies() -> None:
    model = small(early_stopping=True).fit(X, Y)
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for back in (pickle.loads(pickle.dumps(model)), joblib.load(file), copy.deepcopy(model)):  # noqa: S301
        assert (back.predict_proba(X) == model.predict_proba(X)).all()
        assert back.network_ == model.network_
        assert back.network_ is not model.network_
        back.set_params(early_stopping=False).partial_fit(X, Y)
        assert (back.coefs_[0] != model.coefs_[0]).any()
        assert back.coefs_[0] is back.network_.layers[0].W
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        model.partial_fit(X, Y)


def test_a_shallow_copy_made_in_training_disturbs_nothing() -> None:
    seen = []

    def look(run: Watch) -> None:
        seen.append(copy.copy(run.estimator).predict(X))

    watched = small(callbacks=look).fit(X, Y)
    np.testing.assert_array_equal(watched.coefs_[0], small().fit(X, Y).coefs_[0])
    assert (seen[-1] == watched.predict(X)).all()
    assert (seen[0] != seen[-1]).any()


# The face


@newer
@pytest.mark.parametrize("name", BOTH)
def test_the_face_is_scikit_learns(name: str) -> None:
    """Every parameter, in its place and with its default; every attribute and method.

    The same tags.
    """
    ours, theirs = BOTH[name], getattr(sklearn.neural_network, name)
    own, expected = inspect.signature(ours).parameters, inspect.signature(theirs).parameters
    # scikit-learn's come first; what is pellucid's own can only be named, and changes nothing by
    # default
    for (one, a), (other, b) in zip(own.items(), expected.items(), strict=False):
        assert (one, a.default, a.kind) == (other, b.default, b.kind)
    assert all(
        own[more].kind is inspect.Parameter.KEYWORD_ONLY for more in set(own) - set(expected)
    )
    model, twin = (
        ours(max_iter=2, random_state=0).fit(X, Y),
        theirs(max_iter=2, random_state=0).fit(X, Y),
    )
    fitted = {each for each in vars(twin) if each.endswith("_") and not each.startswith("_")}
    assert fitted <= set(vars(model))
    assert {each for each in dir(theirs) if not each.startswith("_")} <= set(dir(ours))
    assert repr(get_tags(model)) == repr(get_tags(twin))
    assert is_classifier(model) == (name == "MLPClassifier") != is_regressor(model)
    for method in ("fit", "partial_fit"):
        names = list(inspect.signature(getattr(ours, method)).parameters)
        first = list(inspect.signature(getattr(theirs, method)).parameters)
        assert names[: len(first)] == first


BAD = {
    "alpha": -1,
    "batch_size": 0,
    "beta_1": 1.0,
    "beta_2": -0.1,
    "early_stopping": "yes",
    "epsilon": 0.0,
    "hidden_layer_sizes": -3,
    "learning_rate": "fast",
    "learning_rate_init": 0.0,
    "max_fun": 0,
    "max_iter": 0,
    "momentum": 1.5,
    "n_iter_no_change": 0,
    "nesterovs_momentum": 2,
    "power_t": -1.0,
    "random_state": "a",
    "shuffle": None,
    "tol": -1.0,
    "validation_fraction": 1.0,
    "verbose": -1,
    "warm_start": "no",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", BOTH)
def test_bad_parameters_are_refused_in_scikit_learns_words(kind: str, name: str) -> None:
    messages = []
    for source in (BOTH, vars(sklearn.neural_network)):
        with pytest.raises(ValueError) as found:
            source[kind](**{name: BAD[name]}).fit(X, Y)
        messages.append(
            sorted(re.findall(r"[^\s{},]+", str(found.value)))
        )  # sets of names have any order
    assert messages[0] == messages[1]


@newer
def test_errors_in_scikit_learns_words() -> None:
    texts = []
    for module in (BOTH, vars(sklearn.neural_network)):
        kind = module["MLPClassifier"]
        found = []
        acts: tuple[Callable[..., Any], ...] = (
            lambda kind=kind: kind(hidden_layer_sizes=(3, 0)).fit(X, Y),
            lambda kind=kind: kind().predict(X),
            lambda kind=kind: kind().partial_fit(X, Y),
            lambda kind=kind: kind().partial_fit(X, Y, classes=[0, 1]),
            lambda kind=kind: (
                kind(max_iter=1)
                .partial_fit(X, Y, classes=[0, 1, 2])
                .partial_fit(X, Y, classes=[0, 1])
            ),
            lambda kind=kind: kind(max_iter=2, warm_start=True).fit(X, Y).fit(X, Y > 0),
            lambda kind=kind: kind(max_iter=2).fit(X, Y).predict(X[:, :2]),
            lambda kind=kind: kind().fit(X, Y[:9]),
            lambda kind=kind: kind(solver="lbfgs").partial_fit(X, Y),
            lambda kind=kind: kind(early_stopping=True).fit(X[:5], Y[:5]),
        )
        for act in acts:
            with pytest.raises((ValueError, AttributeError, NotFittedError)) as error:
                act()
            found.append((type(error.value).__name__, str(error.value)))
        texts.append(found)
    assert texts[0] == texts[1]


@newer
@pytest.mark.parametrize(
    "more",
    [
        {"max_iter": 2},
        {"solver": "lbfgs", "max_iter": 2},
        {"batch_size": 999, "tol": 1.0, "n_iter_no_change": 1},
    ],
)
@pytest.mark.filterwarnings("default")
def test_warnings_in_scikit_learns_words(more: dict[str, Any]) -> None:
    texts = []
    for module in (BOTH, vars(sklearn.neural_network)):
        with pytest.warns(UserWarning) as found:
            module["MLPClassifier"](random_state=0, **more).fit(X, Y)
        texts.append([(each.category, str(each.message)) for each in found])
    assert texts[0] == texts[1]


def test_the_regressor_has_no_partial_fit_for_lbfgs_either() -> None:
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")


# Notebooks


@newer
def test_the_html_of_a_fitted_estimator() -> None:
    model = small()
    plain = model._repr_html_()
    fitted = model.fit(X, np.array(["<b>", "setosa", "c"])[Y])._repr_html_()
    assert len(fitted) > len(plain)
    picture = fitted[fitted.index('<div class="pellucid">') :]
    root = ET.fromstring(picture)
    assert "Network: 51 parameters" in "".join(root.itertext())
    assert "<b>" not in picture
    assert model._repr_mimebundle_()["text/html"].count('<div class="pellucid">') == 1
    with sklearn.config_context(display="text"), pytest.raises(AttributeError):
        model._repr_html_  # noqa: B018


# Without scikit-learn


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_importing_pellucid_loads_none_of_it() -> None:
    done = run(
        "import sys, pellucid as pl; pl.Network, pl.train; import pellucid.sklearn; "
        "print(*sys.modules, sep='\\n')"
    )
    loaded = done.stdout.split()
    assert "pellucid.sklearn" in loaded
    assert not {"sklearn", "scipy", "joblib"} & set(loaded)


def test_a_missing_extra_is_one_line() -> None:
    done = run(
        "import sys; sys.modules['sklearn'] = None; from pellucid.sklearn import MLPClassifier"
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "this needs sklearn, which is not installed: " in last
    assert last.endswith("pip install scikit-learn")
    for asked in ("import pellucid.sklearn", "from pellucid.sklearn import MLPClassifier"):
        program = "import sys; sys.modules['sklearn'] = None\n"
        program += f"try: {asked}\nexcept ImportError as e: print(repr(e))"
        assert "MissingLibraryError" in run(program).stdout
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        pl_sklearn = sys.modules["pellucid.sklearn"]
        pl_sklearn.nothing  # noqa: B018
