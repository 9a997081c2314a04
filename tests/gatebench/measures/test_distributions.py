from math import isclose, sqrt

import pytest
from scipy import stats

from gatebench.measures.distributions import (
    chi_square_upper_quantile,
    t_noncentrality,
    t_probability,
    t_quantile,
)


@pytest.mark.parametrize("freedom", [1, 2, 7.5, 100])
def test_the_functions_agree_with_the_distributions_of_scipy(freedom: float) -> None:
    assert isclose(t_quantile(freedom, 0.975), stats.t.ppf(0.975, freedom))
    assert isclose(t_probability(freedom, -1.5), stats.t.cdf(-1.5, freedom))
    assert isclose(chi_square_upper_quantile(freedom, 0.05), stats.chi2.isf(0.05, freedom))


def test_the_t_distribution_with_one_degree_of_freedom_is_that_of_cauchy() -> None:
    assert isclose(t_quantile(1, 0.75), 1.0)
    assert isclose(t_probability(1, 1.0), 0.75)
    assert isclose(t_quantile(2, 0.75), sqrt(2 / 3))


def test_the_noncentrality_is_the_one_with_the_probability() -> None:
    shift = t_noncentrality(6, 0.975, 3.0)
    assert isclose(stats.nct.cdf(3.0, 6, shift), 0.975, rel_tol=1e-6)
