"""The distributions of statistics: functions of scipy, which is imported when one is called for the first time.

The import of `scipy.special` takes a fifth of a second, and a plan needs no distribution.
"""


def t_quantile(freedom: float, probability: float) -> float:
    """Return the t for which P(T <= t) of Student's t distribution is the probability."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def t_probability(freedom: float, t: float) -> float:
    """Return P(T <= t) of Student's t distribution."""
    from scipy.special import stdtr

    return float(stdtr(freedom, t))


def chi_square_upper_quantile(freedom: float, probability: float) -> float:
    """Return the x for which P(X > x) of the chi-square distribution is the probability."""
    from scipy.special import chdtri

    return float(chdtri(freedom, probability))


def t_noncentrality(freedom: float, probability: float, t: float) -> float:
    """Return the noncentrality δ for which P(T <= t) of the noncentral t distribution is the probability."""
    from scipy.special import nctdtrinc

    return float(nctdtrinc(freedom, probability, t))
