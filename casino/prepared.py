"""Query sets whose SQL is made once: what the ORM costs a read is mostly the making of the same SQL again and again.

Whatever a query set says, ``visible_to`` above all, is said to the ORM as ever, with a stand-in for the caller; the
caller's own ids take the stand-in's places when the query is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import JSONField, Model, QuerySet

from casino import sets
from casino.sets import Asked

Row = TypeVar("Row", bound=Model)
# Ids that nobody has: where they turn up among a query's parameters, the caller's own belong.
_PERSON, _OPERATOR = UUID(int=1), UUID(int=2)


class Prepared(Generic[Row]):
    """A query set for each kind of caller, and the rows it finds for one of them.

    ``make`` gets a person and answers a query set that depends on nothing but their role, duty, ``pk`` and
    ``operator_id``. ``select_related``, ``only`` and ``defer`` work as ever; ``prefetch_related`` is refused.
    """

    def __init__(self, make: Callable[[Any], "QuerySet[Row]"]) -> None:
        self._make = make
        self._questions: dict[tuple[Any, ...], _Question | None] = {}

    def ask(self, caller: Any, limit: int | None = None) -> Asked[list[Row]]:
        """Send the query for ``caller``, who is logged in, now; the answer is the rows, the first ``limit`` of them."""
        has_operator = caller.operator_id is not None
        kind = (caller.role, caller.duty, has_operator, limit)
        if kind not in self._questions:
            operator_id = _OPERATOR if has_operator else None
            stand_in = type(caller)(pk=_PERSON, operator_id=operator_id, role=caller.role, duty=caller.duty)
            self._questions[kind] = _question(self._make(stand_in)[:limit])
        question = self._questions[kind]
        if question is None:
            return list
        own = {_PERSON: caller.pk, _OPERATOR: caller.operator_id}
        parameters = [own.get(value, value) if isinstance(value, UUID) else value for value in question.parameters]
        fetch = sets.ask(question.sql, *parameters)

        def rows() -> list[Row]:
            met: dict[tuple[int, Any], Any] = {}
            return [_made(question.shape, row, met) for row in _converted(fetch(), question.converters)]

        return rows


@dataclass(frozen=True)
class _Shape:
    """Which columns of a row (``start`` to ``end``) are a model's, and what else the row holds for it."""

    model: type[Model]
    names: list[str]
    start: int
    end: int
    key: int
    set_on: Callable[[Any, Any], None] | None = None
    set_back: Callable[[Any, Any], None] | None = None
    related: list["_Shape"] = field(default_factory=list)


@dataclass(frozen=True)
class _Question:
    sql: str
    parameters: Sequence[Any]
    shape: _Shape
    converters: list[tuple[int, Callable[[Any], Any]]]


def _question(rows: "QuerySet[Any]") -> _Question | None:
    """What the query set would ask; None where it is empty whatever the tables hold."""
    if rows._prefetch_related_lookups or rows.query.annotations:  # type: ignore[attr-defined]
        raise TypeError("A prepared query set has neither prefetched rows nor annotations.")
    compiler = rows.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    assert compiler.klass_info is not None
    converters = [
        (place, _converter(functions, expression))
        for place, (functions, expression) in compiler.get_converters(
            [column for column, *_ in compiler.select]
        ).items()
    ]
    return _Question(sql, list(parameters), _shape(compiler.klass_info, compiler.select), converters)


def _shape(info: dict[str, Any], select: Sequence[Any]) -> _Shape:
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in select[start:end]]
    related = [_shape(inner, select) for inner in info.get("related_klass_infos", [])]
    key = start + names.index(info["model"]._meta.pk.attname)
    # A row that only one other can name may be asked by whom.
    is_single = "field" in info and (info["reverse"] or info["field"].unique)
    set_back = info["remote_setter"] if is_single else None
    return _Shape(info["model"], names, start, end, key, info.get("local_setter"), set_back, related)


def _converter(functions: Sequence[Callable[..., Any]], expression: Any) -> Callable[[Any], Any]:
    """What makes the model's value of the database driver's; JSON as it comes is read by the fast parser."""
    column = expression.output_field
    if isinstance(column, JSONField) and column.decoder is None:
        return lambda text: None if text is None else orjson.loads(text)

    def convert(value: Any) -> Any:
        for function in functions:
            value = function(value, expression, connection)
        return value

    return convert


def _converted(rows: list[tuple[Any, ...]], converters: Sequence[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    if not converters:
        return rows
    found: list[Any] = [list(row) for row in rows]
    for row in found:
        for place, convert in converters:
            row[place] = convert(row[place])
    return found


def _made(shape: _Shape, row: Sequence[Any], met: dict[tuple[int, Any], Any]) -> Any:
    """The model's row, and the rows it names.

    What several rows name is made once (``met``), unless it knows by whom it is named.
    """
    made: Any = sets.make_row(
        shape.model, dict(zip(shape.names, row[shape.start : shape.end], strict=True)), is_new=False
    )
    for other in shape.related:
        key, named = row[other.key], None
        if key is not None:
            named = met.get((other.start, key))
            if named is None:
                named = _made(other, row, met)
                if other.set_back is None:
                    met[other.start, key] = named
                else:
                    other.set_back(named, made)
        assert other.set_on is not None
        other.set_on(made, named)
    return made
