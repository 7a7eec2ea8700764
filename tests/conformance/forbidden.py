"""Makes of parameters that AWS takes others that its model forbids."""

import copy

import model


def wrongs(operation, parameters: dict):
    """Each wrong form of the parameters, with its name: one thing wrong at a time."""
    yield from _structure(operation.input_shape, parameters, [], parameters)


def _changed(whole, path, value):
    whole = copy.deepcopy(whole)
    at = whole
    for step in path[:-1]:
        at = at[step]
    if value is _ABSENT:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return whole


_ABSENT = object()


def _in_body(shape) -> bool:
    return shape.serialization.get("location") not in ("uri", "querystring", "header", "headers")


def _structure(shape, value, path, whole):
    for name in value:
        member = shape.members[name]
        below = [*path, name]
        label = ".".join(map(str, below))
        if name in shape.required_members and _in_body(member):
            yield f"without {label}", _changed(whole, below, _ABSENT)
        yield from _value(member, value[name], below, whole, label)


def _value(shape, value, path, whole, label):
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        yield from _structure(shape, value, path, whole)
    elif kind == "list":
        most, least = model.constraint(shape, "max"), model.constraint(shape, "min")
        if most is not None and most <= 1000 and value:
            yield f"{label} with more than {most} members", _changed(whole, path, (list(value) * (most + 1))[: most + 1])
        if least:
            yield f"{label} with fewer than {least} members", _changed(whole, path, [])
        if value:
            yield from _value(shape.member, value[0], [*path, 0], whole, f"{label}[0]")
    elif kind == "map":
        for key in list(value)[:1]:
            yield from _value(shape.value, value[key], [*path, key], whole, f"{label}[{key}]")
    elif kind == "string":
        yield from _string(shape, value, path, whole, label)
    elif kind in ("integer", "long"):
        most, least = model.constraint(shape, "max"), model.constraint(shape, "min")
        if most is not None:
            yield f"{label} over {most}", _changed(whole, path, int(most) + 1)
        if least is not None:
            yield f"{label} under {least}", _changed(whole, path, int(least) - 1)


def _string(shape, value, path, whole, label):
    where = shape.serialization.get("location")
    if where is None:
        yield f"{label} a number and not a string", _changed(whole, path, 7)
    most = model.constraint(shape, "max")
    candidates = {
        "none of its enum's values": "Conformance" if model.constraint(shape, "enum") else None,
        "empty": "" if where != "uri" else None,
        "with a control character": f"{value}\x07" if where != "header" else None,
        "with a strange character": f"{value}§",
        "beginning with a dash": f"-{value}",
        "with two dashes at its end": f"{value}--",
        f"longer than {most}": (value + "a" * (most + 1))[: most + 1] if most is not None and most < 100_000 else None,
    }
    for what, text in candidates.items():
        if text is not None and not model.satisfies(shape, text):
            yield f"{label} {what}", _changed(whole, path, text)
