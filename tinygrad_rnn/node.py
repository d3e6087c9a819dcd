"""A node of the graph: a value, and how it was made.

A `Tensor` is a node. It holds its value, the operation that made it, the nodes that the operation read,
and the arrays that these nodes held then. Every node is made by one function, `make`, after its inputs,
so ascending `serial` is a topological order. There is no tape: a graph lives as long as somebody holds
its end.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, final

import numpy as np

from tinygrad_rnn.errors import (
    AssignmentError,
    DTypeError,
    IndexingError,
    LinAlgError,
    OperandError,
    ShapeError,
    TinygradRNNError,
)
from tinygrad_rnn.methods import Methods

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Operand: TypeAlias = "Tensor | ArrayLike"
Shape: TypeAlias = tuple[int, ...]

NO_ATTRIBUTES: Mapping[str, Any] = {}
REAL = "biuf"
"""The kinds of dtype that a Tensor can have: truth values, integers and floating-point numbers."""

_PYTHON_NUMBERS = frozenset({bool, int, float})
_ARRAY_LIKE = (np.ndarray, np.generic, list, tuple, complex)


class Operation:
    """What a node does, declared once; the room `ops` holds the declarations.

    Attributes:
        name: numpy's name, where numpy has the operation.
        value: `value(*xs, **attributes)`, from arrays to an array.
        vjps: one rule per operand. `vjps[k](g, y, *xs, **attributes)` is what operand k receives when the
            result y has the adjoint g; the caller sums it over the axes that broadcasting repeated and
            repeats it over those that a reduction summed. None for an operand, or empty for all, where there
            is no derivative.
        jvp: `jvp(tangents, y, *xs, **attributes)` is the result's tangent; a tangent of None is zero.

    Rules call only what works alike on arrays and on Tensors: given arrays they compute numbers, given
    Tensors they build nodes.
    """

    __slots__ = ("differentiable", "jvp", "name", "value", "vjps")

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        vjps: Sequence[Callable[..., Any] | None],
        jvp: Callable[..., Any],
    ) -> None:
        self.name = name
        self.value = value
        self.vjps = vjps
        self.jvp = jvp
        self.differentiable = vjps != ()

    def __call__(self, *operands: Any, **attributes: Any) -> Any:
        """Arrays give an array and Tensors a node: what the rules of other operations call."""
        for operand in operands:
            if type(operand) is Tensor:
                return apply(self, operands, attributes)
        try:
            return self.value(*operands, **attributes)
        except (ValueError, IndexError, TypeError) as error:
            raise explain(self.name, (), error) from error

    def __repr__(self) -> str:
        return f"<operation {self.name}>"


class Origin(NamedTuple):
    """Where a node of a backward pass comes from.

    `node` is the forward node whose rule made it, `operand` the operand that the rule serves, and
    `ordinal` counts the nodes that the rule made. A sum of adjoints has operand None, and the node whose
    adjoint it is.
    """

    node: Tensor
    operand: int | None
    ordinal: int


Context: TypeAlias = tuple[int | None, str, bool, Iterator[Origin] | None, Callable[..., None] | None]
"""How nodes are made now: step, scope, whether to record inputs, origins in a backward pass, and
`inspect(op, inputs, value)`, which sees every result and may raise an error."""

_context: ContextVar[Context] = ContextVar("context", default=(None, "", True, None, None))
_serials = itertools.count()
_new = object.__new__

np.empty(2**25 - 2**13, np.uint8)
# A graph is let go as a whole, and another of its size made next. glibc would hand the memory back to the system
# in between and get it again page by page, for up to a third of all time; but once a block of nearly 32 MiB, the
# most that it takes for a hint, was freed, it keeps twice as much (mallopt(3)). This block is never touched.


def make(
    op: Operation | None,
    inputs: tuple[Tensor, ...],
    arrays: tuple[Array, ...],
    value: Array,
    attributes: Mapping[str, Any] = NO_ATTRIBUTES,
) -> Tensor:
    """Make a node: the one function through which every node comes to be.

    A node made outside any step belongs to the step that all its step-bearing inputs share. Under
    `no_grad` the result is a leaf. A node of a backward pass stands where its forward node stands, or in the
    step that is set around it.
    """
    step, scope, recording, origins, inspect = _context.get()
    if inspect is not None and op is not None:
        inspect(op, inputs, value)
    if not recording:
        op, inputs, arrays, attributes = None, (), (), NO_ATTRIBUTES
    requires_grad = False
    for node in inputs:
        if node.requires_grad:
            requires_grad = op is not None and op.differentiable
            break
    origin = None
    if origins is not None:
        origin = next(origins)
    elif step is None and inputs:
        step = _shared_step(inputs)
    result = _new(Tensor)
    result._data = value
    result.op = op
    result.inputs = inputs
    result._arrays = arrays
    result.attributes = attributes
    result.label = None
    result.step = step
    result.scope = scope
    result.requires_grad = requires_grad
    result.grad = None
    result.origin = origin
    result.serial = next(_serials)
    return result


def _shared_step(inputs: Sequence[Tensor]) -> int | None:
    """The one step of all that is made in steps; None where steps differ, or meet in one of the inputs already."""
    shared = None
    for node in inputs:
        if node.step is not None and node.step != shared:
            if shared is not None:
                return None
            shared = node.step
    if shared is not None and any(node.step is None and node.op is not None and _has_steps(node) for node in inputs):
        return None
    return shared


def _has_steps(node: Tensor) -> bool:
    """Whether a node that has no step itself is made of nodes that have."""
    waiting, seen = [node], {node}
    for each in waiting:
        for source in each.inputs:
            if source.step is not None:
                return True
            if source.op is not None and source not in seen:
                seen.add(source)
                waiting.append(source)
    return False


def apply(op: Operation, operands: Sequence[Any], attributes: Mapping[str, Any] = NO_ATTRIBUTES) -> Tensor:
    """Compute `op` on any operands, and make its node."""
    for operand in operands:
        if type(operand) is not Tensor:
            operands = [each if type(each) is Tensor else constant(op.name, each, operands) for each in operands]
            break
    inputs = tuple(operands)
    arrays = tuple([node._data for node in inputs])
    try:
        value = op.value(*arrays, **attributes)
    except (ValueError, IndexError, TypeError) as error:
        raise explain(op.name, inputs, error) from error
    return make(op, inputs, arrays, value, attributes)


def constant(name: str, operand: object, company: Sequence[Any] = ()) -> Tensor:
    """The leaf that a plain operand of the operation `name` becomes beside the operands in `company`.

    A Python number is weak, as in numpy: it takes the dtype of its company where that can hold its kind,
    so that float32 * 2.0 stays float32.
    """
    try:
        if type(operand) not in _PYTHON_NUMBERS:
            return make(None, (), (), _numbers(operand))
        others = [
            other._data if type(other) is Tensor else _numbers(other)
            for other in company
            if type(other) not in _PYTHON_NUMBERS
        ]
        weak: Any = operand
        array = to_array(operand, np.result_type(weak, *others) if others else None)
        return make(None, (), (), array[()])  # numpy computes faster with scalars than with arrays without axes
    except TinygradRNNError as error:
        raise explain(name, [other for other in company if type(other) is Tensor], error) from error


def _numbers(operand: object) -> Array:
    """An operand that is neither a Tensor nor a Python number, as an array."""
    if isinstance(operand, _ARRAY_LIKE):
        return to_array(operand)
    kind = type(operand)
    raise OperandError(
        f"a {kind.__module__}.{kind.__qualname__} cannot be an operand; "
        "expected Tensors, real numbers, numpy arrays or lists of numbers"
    )


def explain(name: str, inputs: Sequence[Tensor], error: Exception) -> TinygradRNNError:
    """Say of an error in the operation `name` which labels, shapes and step it met; numpy's get a kind of ours."""
    kind: type[TinygradRNNError] = DTypeError
    if isinstance(error, TinygradRNNError):
        kind = type(error)
    elif isinstance(error, np.linalg.LinAlgError):
        kind = LinAlgError
    elif isinstance(error, ValueError):
        kind = ShapeError
    elif isinstance(error, IndexError):
        kind = IndexingError
    met = ", ".join(f"{_name(node)} {node.shape} {node.dtype}" for node in inputs[:MOST_NAMED])
    met += f" and {len(inputs) - MOST_NAMED} more" if len(inputs) > MOST_NAMED else ""
    step = _context.get()[0]
    step = _shared_step(inputs) if step is None else step
    return kind(f"{name}{met and ' of '}{met}{'' if step is None else f', step {step}'}: {error}")


MOST_NAMED, LONGEST_NAME = 8, 60
"""How many operands an error names, and with how many characters of their labels."""


def _name(node: Tensor) -> str:
    """A node's label as an error names it, whatever it holds."""
    if node.label is None:
        return "unlabelled"
    name = node.label if node.label.isprintable() and node.label else repr(node.label)
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def to_array(data: object, dtype: DTypeLike | None = None) -> Array:
    """A new array of real numbers that holds a copy of `data`.

    Raises:
        OperandError: `data` is a Tensor, or not numbers.
        DTypeError: the numbers are complex, or of no numeric dtype.
    """
    if isinstance(data, Tensor):
        raise OperandError(f"{data.describe()} is a Tensor already; `.data` is its value as an array")
    try:
        array = np.array(data)
        if dtype is not None and array.dtype != dtype and array.dtype.kind in REAL:
            array = np.array(data, dtype)  # a list's numbers that the dtype cannot hold are an error of numpy's
    except TinygradRNNError as error:
        raise OperandError(
            f"cannot make one array of a list that holds Tensors; tg.stack joins them ({error})"
        ) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise OperandError(f"cannot make an array of real numbers from a {type(data).__qualname__}: {error}") from error
    if array.dtype.kind not in REAL:
        raise DTypeError(f"expected real numbers, got {array.dtype} from a {type(data).__qualname__}")
    return array


def read_only(value: Any) -> Array:
    """A value as an array that nobody can write into; numpy's results without axes are scalars."""
    array = np.asarray(value)
    array.setflags(write=False)
    return array


def tensor(data: ArrayLike, label: str | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """A constant leaf that holds a copy of `data`, numbers of any real dtype.

    Args:
        data: a number, a numpy array, or nested lists of numbers.
        label: a name for errors and drawings, such as "x_3".
        dtype: the dtype to hold; numpy's own choice if not given.

    Raises:
        OperandError: `data` is not numbers, or not such as the dtype can hold, or the label is not a string.
        DTypeError: the numbers are not real.

    >>> tg.tensor([[1.0, 2.0]], label="x").shape
    (1, 2)
    """
    if label is not None and not isinstance(label, str):
        raise OperandError(f"a label is a string, not {label!r}")
    leaf = make(None, (), (), to_array(data, dtype))
    leaf.label = label
    return leaf


def parameter(data: ArrayLike, label: str | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """A leaf that asks for a gradient: `backward` adds to its `grad`.

    Takes what `tensor` takes, of a floating dtype.

    Raises:
        OperandError: `data` is not numbers.
        DTypeError: the dtype is not floating, so that no derivative exists.
    """
    leaf = tensor(data, label, dtype)
    if leaf.dtype.kind != "f":
        raise DTypeError(
            f"a parameter needs a floating dtype, {leaf.describe()} has {leaf.dtype}; pass floats, or dtype=float"
        )
    leaf.requires_grad = True
    return leaf


class Setting:
    """A `with` block that changes how the nodes made inside it are marked."""

    __slots__ = ("_change", "_tokens")

    def __init__(self, change: Callable[[Context], Context]) -> None:
        self._change = change
        self._tokens: list[Token[Context]] = []

    def __enter__(self) -> None:
        self._tokens.append(_context.set(self._change(_context.get())))

    def __exit__(self, *exception: object) -> None:
        _context.reset(self._tokens.pop())


def step(t: int) -> Setting:
    """`with step(t):` marks the nodes made inside as belonging to time step t.

    Those of a backward pass made outside belong to the steps of their forward nodes.
    A generator that yields inside marks what its caller makes until it goes on.

    Raises:
        OperandError: t is not an integer.
    """
    try:
        t = operator.index(t)
    except TypeError:
        raise OperandError(f"a time step is an integer, not {t!r}") from None
    return Setting(lambda now: (t, *now[1:]))


def scope(name: str) -> Setting:
    """`with scope("encoder"):` puts the nodes made inside under that name; nested names join with "/".

    Raises:
        OperandError: the name is empty or not a string.
    """
    if not isinstance(name, str) or not name:
        raise OperandError(f"a scope's name is a string of at least one character, not {name!r}")
    return Setting(lambda now: (now[0], f"{now[1]}/{name}" if now[1] else name, *now[2:]))


def no_grad() -> Setting:
    """`with no_grad():` makes every result a constant leaf, without a record of how it was made."""
    return Setting(lambda now: (*now[:2], False, *now[3:]))


def from_origin(node: Tensor, operand: int | None) -> Setting:
    """Nodes made inside come from `node`'s rule for `operand`, and stand where `node` stands, or in the step set."""
    origins = (Origin(node, operand, ordinal) for ordinal in itertools.count())
    return Setting(lambda now: (node.step if now[0] is None else now[0], node.scope, now[2], origins, now[4]))


def again(context: Context) -> Setting:
    """Nodes made inside are marked as in that context, and recorded, whatever walk asks for them now."""
    return Setting(lambda now: (*context[:2], True, None, now[4]))


def current_context() -> Context:
    """How nodes are made now."""
    return _context.get()


@final
class Tensor(Methods):
    """A node: a value and how it was made. `tensor` and `parameter` make leaves, operations the rest.

    Attributes:
        data: the value, a read-only numpy array; a leaf's can be rebound (`W.data = array`).
        op: the operation that made it; None for a leaf.
        inputs: the nodes that the operation read, in order, with repeats.
        arrays: the values that the inputs had then, read-only numpy arrays.
        attributes: the operation's keyword arguments.
        label: a name for people, or None.
        step: the time step it belongs to, or None.
        scope: the path of scopes it was made in, such as "encoder/cell".
        requires_grad: whether it depends on a parameter, or is one.
        grad: what `backward` summed up for a parameter: a writable array of its own; None before.
        origin: for a node of a backward pass, where it comes from.
        serial: the order of making.
    """

    __slots__ = (
        "_arrays", "_data", "attributes", "grad", "inputs", "label", "op", "origin", "requires_grad",
        "scope", "serial", "step",
    )  # fmt: skip

    _arrays: tuple[Array, ...]
    _data: Array
    attributes: Mapping[str, Any]
    grad: Array | None
    inputs: tuple[Tensor, ...]
    label: str | None
    op: Operation | None
    origin: Origin | None
    requires_grad: bool
    scope: str
    serial: int
    step: int | None

    def __init__(self) -> None:
        raise OperandError("make a leaf with tg.tensor(data) or tg.parameter(data), other nodes with operations")

    __hash__ = object.__hash__

    @property
    def data(self) -> Array:
        """The value, as a read-only array."""
        return read_only(self._data)

    @data.setter
    def data(self, data: ArrayLike) -> None:
        """Rebind a leaf's value; graphs built before keep the value they were built with.

        Raises:
            AssignmentError: the node is not a leaf.
            ShapeError: another shape.
            DTypeError: a dtype that cannot be cast to the leaf's.
        """
        if self.op is not None:
            raise AssignmentError(f"{self.describe()} is a result; only a leaf's value can be rebound")
        self._data = self._fitting(data)

    def _fitting(self, data: ArrayLike) -> Array:
        """A copy of `data` that can stand for the value: of its shape, cast to its dtype."""
        array = to_array(data)
        if array.shape != self.shape:
            raise ShapeError(f"{self.describe()} cannot take a value of shape {array.shape}")
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise DTypeError(f"{self.describe()} is {self.dtype} and cannot take {array.dtype}")
        return to_array(data, self.dtype)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The values that the inputs had then, as read-only arrays."""
        return tuple(map(read_only, self._arrays))

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        shape: Shape = self._data.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numbers' dtype."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of numbers."""
        return self._data.size

    def __len__(self) -> int:
        if not self.shape:
            raise OperandError(f"{self.describe()} has no axis, and so no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def detach(self) -> Tensor:
        """A constant leaf of the same value, label and marks, which no gradient passes.

        >>> x = tg.parameter(3.0)
        >>> tg.grad(x * x.detach(), [x])[0].item()
        3.0
        """
        leaf = make(None, (), (), self._data)
        leaf.label, leaf.step, leaf.scope = self.label, self.step, self.scope
        return leaf

    def item(self) -> float | int | bool:
        """The value as a Python number.

        Raises:
            ShapeError: the tensor does not hold exactly one number.
        """
        if self.size != 1:
            raise ShapeError(f"{self.describe()} holds {self.size} numbers; item() is for one")
        number: float | int | bool = self._data.item()
        return number

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def __bool__(self) -> bool:
        return bool(self.item())

    def _number(self) -> float | int | bool:
        """The value of a constant, for conversions that would take a parameter's out of the graph unseen."""
        if self.requires_grad:
            raise AssignmentError(
                f"{self.describe()} depends on a parameter, and a plain number or array would leave the graph; "
                "use .item() for the number alone, or build arrays of Tensors with tg.stack"
            )
        return self.item()

    def __array__(self, dtype: object = None, copy: object = None) -> NoReturn:
        raise AssignmentError(
            f"{self.describe()} would leave the graph as a plain array; use .data for the value, "
            "or tg.stack, tg.concatenate and tg.where to put Tensors together"
        )

    def __setitem__(self, index: object, value: object) -> NoReturn:
        raise AssignmentError(
            f"{self.describe()} cannot be written into, because a graph may rest on its value; "
            "tg.where and tg.concatenate make a new Tensor, and `leaf.data = array` rebinds a leaf"
        )

    def __reduce__(self) -> tuple[Callable[..., Tensor], tuple[Any, ...]]:
        """Copies of a leaf are leaves of their own, made anew; a result has no copy apart from its graph."""
        if self.op is not None:
            raise OperandError(f"{self.describe()} is a result, and is not copied apart from what it was made from")
        return _copy_of_leaf, (np.array(self._data), self.label, self.step, self.scope, self.requires_grad)

    def describe(self) -> str:
        """A phrase for errors: operation or kind, label, shape and step."""
        kind = self.op.name if self.op else "parameter" if self.requires_grad else "constant"
        label = "" if self.label is None else f" {_name(self)!r}"
        return f"{kind}{label} {self.shape}" + ("" if self.step is None else f" at step {self.step}")

    def __repr__(self) -> str:
        value = np.array2string(self.data, precision=4, threshold=20, edgeitems=2, prefix="Tensor(")
        return f"Tensor({value}, {self.describe()}, {self.dtype})"


def _copy_of_leaf(array: Array, label: str | None, step: int | None, scope: str, requires_grad: bool) -> Tensor:
    leaf = tensor(array, label)
    leaf.step, leaf.scope, leaf.requires_grad = step, scope, requires_grad
    return leaf
