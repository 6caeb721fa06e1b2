"""How trained models are measured. Apart from the other settings, so that a new measure's setting retrains nothing."""

from dataclasses import dataclass

from recurrence_circuits.settings import Settings


@dataclass(frozen=True)
class AnalysisSettings(Settings):
    """How the trained model is measured."""

    resamples: int  # bootstrap resamples over test sequences
    confidence: float  # of every interval
    n_shown: int  # test sequences kept, a head, for the scatter figure
    n_condition: int  # sequences of each condition under which the algorithm is identified
    noise_levels: list[float]  # standard deviations of the observation noise of such conditions, in units of x
    feedback_epsilon: float  # shift behind the feedback gain, in units of x of its direct effect
