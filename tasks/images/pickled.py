"""Pickled data, read as data: numbers, bytes, lists, dictionaries and arrays of bytes. Nothing is looked up or called.

A pickle is a program for a machine with a stack. The ordinary one imports and calls whatever the program names; this
one knows the few instructions that `cPickle` writes for plain data (protocol 2), keeps a name as a name and a call as
a note of it, and refuses all else.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gatebench.errors import UserError


@dataclass(frozen=True)
class Name:
    """The name of something in a module; it is never imported."""

    text: str  # "module attribute"


@dataclass
class Call:
    """The note of a call: what would be called, with what, and the state that the result would be given."""

    function: Any
    arguments: Any
    state: Any = None


@dataclass
class _Machine:
    stack: list[Any] = field(default_factory=list)
    marks: list[list[Any]] = field(default_factory=list)  # the stacks below the marks
    memo: dict[int, Any] = field(default_factory=dict)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        above, self.stack = self.stack, self.marks.pop()
        return above

    def take(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError
        taken = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return taken

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(values)

    def update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or not all(isinstance(key, bytes) for key in items[::2]):
            raise TypeError
        target.update(zip(items[::2], items[1::2], strict=True))

    def call(self) -> None:
        function, arguments = self.take(2)
        self.push(Call(function, arguments))

    def build(self) -> None:
        made, state = self.take(2)
        if not isinstance(made, Call):
            raise TypeError
        made.state = state
        self.push(made)


_Step = Callable[[_Machine, Any], None]


def _push(value: Callable[[Any], Any]) -> _Step:
    return lambda machine, argument: machine.push(value(argument))


def _tuple(count: int) -> _Step:
    return lambda machine, _: machine.push(tuple(machine.take(count)))


def _remember(machine: _Machine, index: Any) -> None:
    machine.memo[index] = machine.stack[-1]


def _recall(machine: _Machine, index: Any) -> None:
    machine.push(machine.memo[index])


STEPS: dict[str, _Step] = {
    **dict.fromkeys(("PROTO", "STOP"), lambda _machine, _argument: None),
    "NONE": _push(lambda _: None),
    "NEWTRUE": _push(lambda _: True),
    "NEWFALSE": _push(lambda _: False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2"), _push(int)),
    # Python 2 kept bytes in its strings; genops gives each byte as the character of that number.
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), _push(lambda text: text.encode("latin-1"))),
    "EMPTY_TUPLE": _tuple(0),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "EMPTY_LIST": _push(lambda _: []),
    "EMPTY_DICT": _push(lambda _: {}),
    "MARK": lambda machine, _: machine.mark(),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "APPEND": lambda machine, _: machine.extend(machine.take(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _remember),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _recall),
    "GLOBAL": _push(Name),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}


def read_pickled(data: bytes, name: str) -> Any:
    """Return the value that a pickle describes, with `Name` and `Call` where the ordinary machine would act.

    `name` is the file's, for the sentences.

    Raises:
        UserError: the bytes are no pickle, end too early, or hold an instruction that plain data do not need.
    """
    machine = _Machine()
    try:
        for instruction, argument, position in pickletools.genops(data):
            step = STEPS.get(instruction.name)
            if step is None:
                raise UserError(
                    f"{name} holds the pickle instruction {instruction.name} at byte {position}, "
                    "which plain data do not need; it is not read."
                )
            step(machine, argument)
        (value,) = machine.stack
    except (ValueError, TypeError, LookupError, AttributeError, EOFError) as error:
        raise UserError(f"{name} is not a whole pickle of plain data: {str(error) or type(error).__name__}.") from None
    if machine.marks:
        raise UserError(f"{name} is not a whole pickle of plain data: a mark is left open.")
    return value
