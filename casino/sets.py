"""Rows read and written as sets: one prepared statement with one parameter for each, whatever the number of rows.

The ORM's own way costs ten times as much a row, which counts where every bet passes (``bench/settle.py`` measures it).
What is written travels as one JSON text that PostgreSQL takes apart by the columns' own types; what is read becomes
rows of the models.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

import orjson
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=Model)
Answer = TypeVar("Answer")
# A question that was sent to the database; called, it waits for the answer. In a pipeline nothing waits before.
Asked = Callable[[], Answer]
# What ``together`` has gathered so far: statements, each with its one parameter.
_gathered: ContextVar[list[tuple[str, str]] | None] = ContextVar("gathered", default=None)


@contextmanager
def pipeline() -> Iterator[None]:
    """Statements in the block are sent one after the other without waiting for their answers: one round trip.

    What fails is raised at the latest at the end of the block; the transaction around it is lost then, as always.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


@contextmanager
def together() -> Iterator[None]:
    """What is written in the block is sent as one statement at its end; nothing is sent where the block fails.

    The parts run in no order and see the tables as they were before: none may rely on another, or write its rows.
    """
    gathered: list[tuple[str, str]] = []
    token = _gathered.set(gathered)
    try:
        yield
    finally:
        _gathered.reset(token)
    if gathered:
        _execute(_in_one(tuple(sql for sql, _ in gathered)), [records for _, records in gathered])


def ask(sql: str, *parameters: Any) -> Asked[list[tuple[Any, ...]]]:
    """Send a query now; the answer is its rows."""
    cursor = connection.cursor()
    cursor.execute(sql, parameters)

    def fetch() -> list[tuple[Any, ...]]:
        with cursor:
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    return fetch


class Read(Generic[Row]):
    """A query for rows of a model; ``tail`` is what follows FROM and the table's name.

    Attributes left ``out`` are read when they are asked for, row by row, as with ``defer``.
    """

    def __init__(self, model: type[Row], tail: str, out: tuple[str, ...] = ()) -> None:
        self._model, self._tail, self._out = model, tail, out

    def ask(self, *parameters: Any) -> Asked[list[Row]]:
        """Send the query now; the answer is the rows."""
        sql, names, converters = _reading(self._model, self._tail, self._out)
        fetch = ask(sql, *parameters)

        def make() -> list[Row]:
            rows: Iterable[Sequence[Any]] = fetch()
            if converters:
                rows = [_converted(row, converters) for row in rows]
            return [make_row(self._model, dict(zip(names, row, strict=True)), is_new=False) for row in rows]

        return make


class Join:
    """A query for rows of several models at once; ``source`` is what follows FROM, with the tables under their names.

    ``models`` come with the attributes of each that are left out, as in ``Read``.
    """

    def __init__(self, models: Mapping[type[Model], tuple[str, ...]], source: str) -> None:
        self._models, self._source = models, source

    def ask(self, *parameters: Any) -> Asked[list[list[Any]]]:
        """Send the query now; the answer is rows of one row of each model, None where an outer join found none."""
        sql, parts, converters = self._reading
        fetch = ask(sql, *parameters)

        def make() -> list[list[Any]]:
            rows: Iterable[Sequence[Any]] = fetch()
            if converters:
                rows = [_converted(row, converters) for row in rows]
            return [[part.make(row) for part in parts] for row in rows]

        return make

    @cached_property
    def _reading(self) -> tuple[str, list["_Part"], list[tuple[int, Any]]]:
        """The query, whose columns are which model's, and what converts some of them."""
        texts, parts, converters, start = [], [], [], 0
        for model, out in self._models.items():
            columns, names, own = _columns(model, out)
            texts.append(columns)
            parts.append(_Part(model, names, start))
            converters += [(start + place, convert) for place, convert in own]
            start += len(names)
        return f"SELECT {', '.join(texts)} FROM {self._source}", parts, converters


class _Part:
    """The columns of a joined row that are one model's."""

    def __init__(self, model: type[Model], names: list[str], start: int) -> None:
        self._model, self._names = model, names
        self._span, self._key = slice(start, start + len(names)), start + names.index(model._meta.pk.attname)

    def make(self, row: Sequence[Any]) -> Model | None:
        if row[self._key] is None:
            return None
        return make_row(self._model, dict(zip(self._names, row[self._span], strict=True)), is_new=False)


def array(values: Iterable[object]) -> str:
    """A PostgreSQL array's text, for values whose own text needs no quotes: ids, numbers."""
    return f"{{{','.join(map(str, values))}}}"


def new(model: type[Row], related: Mapping[str, Model | None], **values: Any) -> Row:
    """A new row of a model, not stored yet: ``model(**related, **values)`` without what that costs.

    ``related`` are the rows (or None) that its foreign keys name, by field. Nothing is checked: a value under a wrong
    name would not be stored.
    """
    constants, makers = _defaults(model)
    facts = constants | {name: make() for name, make in makers if name not in values}
    for name, row in related.items():
        facts[f"{name}_id"] = row.pk if row is not None else None
    made = make_row(model, facts | values, is_new=True)
    made._state.fields_cache.update(related)
    return made


def insert(model: type[Model], rows: Iterable[Any]) -> None:
    """Add new rows of a model: one statement, none for no rows. Keys that the database counts are left to it."""
    _store(*_insertion(model), rows)


def update(model: type[Model], rows: Iterable[Any], columns: tuple[str, ...]) -> None:
    """Store ``columns`` (names of attributes) of rows that are there, found by their key: one statement.

    ``rows`` are anything that carries the key and the columns as attributes. They must be locked already: they are
    written in no order.
    """
    _store(*_updating(model, columns), rows)


def write(sql: str, records: Sequence[Any]) -> None:
    """Send a statement whose one parameter is the records' JSON; in a block of ``together``, with the others there."""
    gathered = _gathered.get()
    if gathered is None:
        _execute(sql, [to_json(records)])
    else:
        gathered.append((sql, to_json(records)))


def to_json(records: Sequence[Any]) -> str:
    """Records as the text of a JSON parameter, decimals as strings."""
    return orjson.dumps(records, default=str).decode()


def make_row(model: type[Row], facts: dict[str, Any], *, is_new: bool) -> Row:
    """An instance with these attributes and no others; the constructor's signals and checks serve nobody here."""
    made = model.__new__(model)
    made.__dict__ = facts
    made._state = ModelState()
    made._state.adding, made._state.db = is_new, None if is_new else DEFAULT_DB_ALIAS
    return made


@lru_cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """The defaults that are always the same, and what makes the others."""
    fields = model._meta.concrete_fields
    makers = {field.attname: field.get_default for field in fields if field.has_default() and callable(field.default)}
    constants = {field.attname: field.get_default() for field in fields if field.attname not in makers}
    return constants, list(makers.items())


def _store(sql: str, names: Sequence[str], rows: Iterable[Any]) -> None:
    kept = list(rows)
    if not kept:
        return
    # A model's own descriptors cost more than the values behind them.
    found = map(itemgetter(*names), map(vars, kept)) if isinstance(kept[0], Model) else map(attrgetter(*names), kept)
    write(sql, [dict(zip(names, values, strict=True)) for values in found])


def _execute(sql: str, parameters: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@lru_cache
def _in_one(statements: tuple[str, ...]) -> str:
    """Statements that write, as one: all but the last go before it, by numbers for names."""
    *first, last = statements
    parts = ", ".join(f"part_{number} AS ({sql})" for number, sql in enumerate(first))
    return f"WITH {parts} {last}" if parts else last


def _converted(row: Sequence[Any], converters: Sequence[tuple[int, Any]]) -> list[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place], None, connection)
    return values


@lru_cache
def _reading(model: type[Model], tail: str, out: tuple[str, ...]) -> tuple[str, list[str], list[tuple[int, Any]]]:
    columns, names, converters = _columns(model, out)
    return f"SELECT {columns} FROM {model._meta.db_table} {tail}", names, converters


def _columns(model: type[Model], out: tuple[str, ...]) -> tuple[str, list[str], list[tuple[int, Any]]]:
    """The columns to be read, the attributes that they become, and what converts some of them."""
    fields = [field for field in model._meta.concrete_fields if field.attname not in out]
    columns = ", ".join(f'{model._meta.db_table}."{field.column}"' for field in fields)
    # What the database's driver does not turn into the model's own values: JSON.
    converters = [(place, field.from_db_value) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
    return columns, [field.attname for field in fields], converters


@lru_cache
def _insertion(model: type[Model]) -> tuple[str, list[str]]:
    fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    sql = f"INSERT INTO {model._meta.db_table} ({columns}) SELECT * FROM {_recordset(fields)}"
    return sql, [field.attname for field in fields]


@lru_cache
def _updating(model: type[Model], columns: tuple[str, ...]) -> tuple[str, list[str]]:
    key, by_name = model._meta.pk, {field.attname: field for field in model._meta.concrete_fields}
    fields = [key, *(by_name[name] for name in columns)]
    assignments = ", ".join(f'"{field.column}" = new."{field.attname}"' for field in fields[1:])
    sql = (
        f"UPDATE {model._meta.db_table} AS old SET {assignments} FROM {_recordset(fields)}"
        f' WHERE old."{key.column}" = new."{key.attname}"'
    )
    return sql, [field.attname for field in fields]


def _recordset(fields: Sequence[Any]) -> str:
    columns = ", ".join(f'"{field.attname}" {field.db_type(connection)}' for field in fields)
    return f"json_to_recordset(%s::json) AS new({columns})"
