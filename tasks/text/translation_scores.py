"""BLEU and chrF of translations, by sacrebleu.

Sources: Papineni et al. 2002 (BLEU); Popović 2015 (chrF); Post 2018, "A call for clarity in reporting BLEU scores".
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

from gatebench.errors import UserError


class TranslationScores(NamedTuple):
    """The scores of translations.

    Attributes:
        bleu: BLEU, from 0 to 100.
        chrf: chrF, from 0 to 100.
        signatures: the signatures of both, which name sacrebleu's version and settings.
    """

    bleu: float
    chrf: float
    signatures: tuple[str, str]


def check_sacrebleu() -> None:
    """Check that the package `sacrebleu` is installed.

    Raises:
        UserError: it is not.
    """
    if find_spec("sacrebleu") is None:
        raise UserError("This task needs the package sacrebleu; install it with: pip install 'gatebench[text]'.")


def translation_scores(translations: Sequence[str], references: Sequence[str]) -> TranslationScores:
    """Return the scores of translations.

    Args:
        translations: the texts of the network.
        references: the right text of each.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    bleu, chrf = BLEU(), CHRF()
    scores = [metric.corpus_score(list(translations), [list(references)]).score for metric in (bleu, chrf)]
    return TranslationScores(scores[0], scores[1], (str(bleu.get_signature()), str(chrf.get_signature())))
