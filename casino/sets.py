"""Rows read and written as sets: one prepared statement with one parameter for each, whatever the number of rows.

The ORM's own way costs ten times as much a row, which counts where every bet passes (``bench/settle.py`` measures it).
What is written travels as one JSON text that PostgreSQL takes apart by the columns' own types; what is read becomes
rows of the models.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar

import orjson
from django.db import connection
from django.db.models import Model
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=Model)
Answer = TypeVar("Answer")
# A question that was sent to the database; called, it waits for the answer. In a pipeline nothing waits before.
Asked = Callable[[], Answer]


@contextmanager
def pipeline() -> Iterator[None]:
    """Statements in the block are sent one after the other without waiting for their answers: one round trip.

    What fails is raised at the latest at the end of the block; the transaction around it is lost then, as always.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


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
    _send(*_insertion(model), rows)


def update(model: type[Model], rows: Iterable[Any], columns: tuple[str, ...]) -> None:
    """Store ``columns`` (names of attributes) of rows that are there, found by their key: one statement.

    ``rows`` are anything that carries the key and the columns as attributes. They must be locked already: they are
    written in no order.
    """
    _send(*_updating(model, columns), rows)


def to_json(records: Sequence[Any]) -> str:
    """Records as the text of a JSON parameter, decimals as strings."""
    return orjson.dumps(records, default=str).decode()


def make_row(model: type[Row], facts: dict[str, Any], *, is_new: bool) -> Row:
    """An instance with these attributes and no others; the constructor's signals and checks serve nobody here."""
    made = model.__new__(model)
    made.__dict__ = facts
    made._state = ModelState()
    made._state.adding, made._state.db = is_new, None if is_new else connection.alias
    return made


@lru_cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """The defaults that are always the same, and what makes the others."""
    fields = model._meta.concrete_fields
    makers = [(field.attname, field.get_default) for field in fields if callable(field.default)]
    return {field.attname: field.get_default() for field in fields if not callable(field.default)}, makers


def _send(sql: str, names: Sequence[str], rows: Iterable[Any]) -> None:
    read = attrgetter(*names)
    records = [dict(zip(names, read(row), strict=True)) for row in rows]
    if records:
        with connection.cursor() as cursor:
            cursor.execute(sql, [to_json(records)])


def _converted(row: Sequence[Any], converters: Sequence[tuple[int, Any]]) -> list[Any]:
    values = list(row)
    for place, convert in converters:
        values[place] = convert(values[place], None, connection)
    return values


@lru_cache
def _reading(model: type[Model], tail: str, out: tuple[str, ...]) -> tuple[str, list[str], list[tuple[int, Any]]]:
    fields = [field for field in model._meta.concrete_fields if field.attname not in out]
    columns = ", ".join(f'{model._meta.db_table}."{field.column}"' for field in fields)
    # What the database's driver does not turn into the model's own values: JSON.
    converters = [(place, field.from_db_value) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]
    return f"SELECT {columns} FROM {model._meta.db_table} {tail}", [field.attname for field in fields], converters


@lru_cache
def _insertion(model: type[Model]) -> tuple[str, list[str]]:
    fields = [field for field in model._meta.concrete_fields if field is not model._meta.auto_field]
    columns, values = ", ".join(f'"{field.column}"' for field in fields), ", ".join(f'"{f.attname}"' for f in fields)
    sql = f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {values} FROM {_recordset(fields)}"
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
