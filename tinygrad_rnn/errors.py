"""The errors that the library raises on purpose.

Each is a `TinygradRNNError` and also the built-in kind that fits, so both `except tg.TinygradRNNError`
and `except ValueError` work. A message says what was expected, what came, where, and what to do.
"""

import numpy as np


class TinygradRNNError(Exception):
    """The base of every error that the library raises on purpose."""


class ShapeError(TinygradRNNError, ValueError):
    """Shapes or axes that do not fit together."""


class IndexingError(TinygradRNNError, IndexError):
    """An index that a tensor does not have."""


class LinAlgError(TinygradRNNError, np.linalg.LinAlgError):
    """A matrix that the operation is not defined for, such as the inverse of a singular one."""


class DTypeError(TinygradRNNError, TypeError):
    """A dtype that the operation, or differentiation, is not defined for."""


class OperandError(TinygradRNNError, TypeError):
    """Something that is neither a Tensor nor real numbers, or a numpy function without a rule."""


class AssignmentError(TinygradRNNError, TypeError):
    """An attempt to write into a value that a graph rests on, or to drop a Tensor from its graph unseen."""


class GraphError(TinygradRNNError, ValueError):
    """A question that this graph has no answer to."""


class GraphFormatError(GraphError):
    """A text that is not a graph as `Graph.to_json` writes it."""


class ReboundError(TinygradRNNError, RuntimeError):
    """A leaf was given another value after the graph was built, and the walk needs the leaf itself."""


class SettingError(TinygradRNNError, ValueError):
    """A name, size or number that a setting cannot take."""


class NonFiniteError(TinygradRNNError, FloatingPointError):
    """An infinity or a NaN where only a finite number can be worked with."""


class GradientCheckError(TinygradRNNError, AssertionError):
    """A derivative that is not the one that finite differences show."""


class KinkError(GradientCheckError):
    """A kink, a jump or an edge of the domain where derivatives were to be checked: no rule is to blame."""


class DrawingError(TinygradRNNError, RuntimeError):
    """Graphviz is missing, failed, or took too long."""


class OutputError(TinygradRNNError, OSError):
    """Results that cannot be written where they should go."""


class MissingExtraError(TinygradRNNError, ImportError):
    """Something that needs a package of an extra that is not installed."""


class DataError(TinygradRNNError, ValueError):
    """A file that is not what a network can learn from, or be asked about."""


class RunError(TinygradRNNError, ValueError):
    """A run folder that is malformed, or not a run's."""
