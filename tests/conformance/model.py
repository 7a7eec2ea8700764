"""Checks raw answers against AWS's own models, as botocore carries them.

botocore reads leniently: it passes over members that it does not know, over missing ones, and over values that no enum
has. So everything is looked at here before botocore reads it.
"""

import base64
import binascii
import datetime
import email.utils
import json
import re
import xml.etree.ElementTree as ElementTree

import cbor2


class Nonconforming(AssertionError):
    """AWS's model does not allow what the local cloud answered."""


# Errors that every service of AWS's JSON protocols may give ("Common Errors" of each API reference); operations do not
# declare them. What botocore's model declares for some operations of a service is not here, so that it counts for those only.
COMMON_ERRORS = {
    "AccessDeniedException",
    "IncompleteSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}

# Amazon S3 API Reference, "Error responses": S3's operations declare almost none of their errors.
S3_ERRORS = {
    "AccessDenied": 403,
    "BadDigest": 400,
    "BucketAlreadyExists": 409,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "EntityTooSmall": 400,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidBucketName": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "InvalidRange": 416,
    "InvalidRequest": 400,
    "InvalidTag": 400,
    "KeyTooLongError": 400,
    "MalformedXML": 400,
    "MethodNotAllowed": 405,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NoSuchVersion": 404,
    "NotImplemented": 501,
    "PreconditionFailed": 412,
    "SignatureDoesNotMatch": 403,
}

ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
# Java's classes that Python's `re` does not have, by what they mean for the characters that a test sends.
JAVA_CLASSES = {r"\p{L}": r"^\W\d_", r"\p{Z}": r"\s", r"\p{N}": r"\d", r"\p{ASCII}": r"\x00-\x7f"}


def pattern(shape):
    """The shape's pattern as a compiled expression for whole strings; `None` if it has none."""
    text = constraint(shape, "pattern")
    if text is None:
        return None
    if r"\p{L}" in text:
        # `[^\W\d_]` cannot stand inside a class; a word character is a letter, a digit or `_`.
        text = text.replace(r"\p{L}", r"\w")
    for java, python in JAVA_CLASSES.items():
        text = text.replace(java, python)
    return re.compile(text)


def constraint(shape, name):
    """`min`, `max`, `pattern` or `enum`; botocore keeps some of them out of `metadata`."""
    return shape._shape_model.get(name)


def satisfies(shape, text: str) -> bool:
    """Whether a string is within its shape's pattern, length and enum."""
    low, high = constraint(shape, "min"), constraint(shape, "max")
    allowed = constraint(shape, "enum")
    compiled = pattern(shape)
    return (
        (low is None or len(text) >= low)
        and (high is None or len(text) <= high)
        and (not allowed or text in allowed)
        and (compiled is None or compiled.fullmatch(text) is not None)
    )


# What the model forbids and AWS does all the same, or what the local cloud cannot mend. Each is the beginning of the
# operation's name, a part of the complaint, and the reason. One that is never met fails `test_y_coverage.py`.
ALLOWED = [
    (
        "dynamodb:",
        "NumberOfDecreasesToday has 0 as its value, fewer than 1",
        "DynamoDB itself answers 0 where nothing was decreased; the model calls the number positive",
    ),
    (
        "dynamodb:",
        "has a member 'TableThroughputModeSummary'",
        "DynamoDB itself answers this member for tables on demand; the published model lacks it",
    ),
    (
        "dynamodb:Batch",
        "has 0 members, fewer than 1",
        "DynamoDB itself answers an empty UnprocessedItems or UnprocessedKeys where nothing is left to do",
    ),
]
MET: set[int] = set()


def allowed(complaint: str) -> bool:
    for index, (operation, part, _) in enumerate(ALLOWED):
        if complaint.startswith(operation) and part in complaint:
            MET.add(index)
            return True
    return False


class Walk:
    """Walks one answer along its shape and keeps what is wrong."""

    def __init__(self, protocol: str, what: str):
        self.protocol = protocol
        self.what = what
        self.wrong: list[str] = []

    def complain(self, path: str, problem: str) -> None:
        complaint = f"{self.what}: {path or '(the answer)'} {problem}"
        if not allowed(complaint):
            self.wrong.append(complaint)

    def finish(self) -> None:
        if self.wrong:
            raise Nonconforming("\n".join(self.wrong))

    # Values that come as JSON or CBOR.

    def value(self, shape, value, path: str) -> None:
        kind = shape.type_name
        if value is None:
            self.complain(path, "is null; AWS leaves such members out")
        elif kind == "structure":
            self.structure(shape, value, path)
        elif kind == "list":
            if not isinstance(value, list):
                return self.complain(path, f"is {type(value).__name__} and not a list")
            self.size(shape, len(value), path, "members")
            for index, item in enumerate(value):
                self.value(shape.member, item, f"{path}[{index}]")
        elif kind == "map":
            if not isinstance(value, dict):
                return self.complain(path, f"is {type(value).__name__} and not a map")
            self.size(shape, len(value), path, "members")
            for key, item in value.items():
                self.scalar(shape.key, key, f"{path}{{{key}}}")
                self.value(shape.value, item, f"{path}[{key!r}]")
        elif kind == "timestamp":
            self.timestamp(shape, value, path, "unixTimestamp")
        elif kind == "blob":
            self.blob(value, path)
        else:
            self.scalar(shape, value, path)

    def structure(self, shape, value, path: str) -> None:
        if not isinstance(value, dict):
            return self.complain(path, f"is {type(value).__name__} and not a structure")
        by_wire_name = {
            member.serialization.get("name", name): (name, member)
            for name, member in shape.members.items()
            if "location" not in member.serialization
        }
        for wire_name, item in value.items():
            if wire_name in by_wire_name:
                name, member = by_wire_name[wire_name]
                self.value(member, item, f"{path}.{name}" if path else name)
            elif wire_name != "__type":
                self.complain(path, f"has a member {wire_name!r}, which AWS's model does not have")
        for wire_name, (name, _) in by_wire_name.items():
            if name in shape.required_members and wire_name not in value:
                self.complain(path, f"lacks the required member {name}")
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            self.complain(path, f"is a union and has {len(value)} members")

    def scalar(self, shape, value, path: str) -> None:
        kind = shape.type_name
        if kind == "string":
            if not isinstance(value, str):
                return self.complain(path, f"is {value!r} and not a string")
            self.size(shape, len(value), path, "characters")
            allowed = constraint(shape, "enum")
            if allowed and value not in allowed:
                self.complain(path, f"is {value!r}, none of {', '.join(allowed)}")
            compiled = pattern(shape)
            if compiled is not None and compiled.fullmatch(value) is None:
                self.complain(path, f"is {value!r} and not of the pattern {compiled.pattern}")
        elif kind in ("integer", "long"):
            if isinstance(value, bool) or not isinstance(value, int):
                return self.complain(path, f"is {value!r} and not a whole number")
            self.size(shape, value, path, "as its value")
        elif kind in ("float", "double"):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return self.complain(path, f"is {value!r} and not a number")
            self.size(shape, value, path, "as its value")
        elif kind == "boolean":
            if not isinstance(value, bool):
                self.complain(path, f"is {value!r} and not a boolean")
        else:
            self.complain(path, f"has the type {kind}, which this checker does not know")

    def size(self, shape, number, path: str, of_what: str) -> None:
        low, high = constraint(shape, "min"), constraint(shape, "max")
        if low is not None and number < low:
            self.complain(path, f"has {number} {of_what}, fewer than {low}")
        if high is not None and number > high:
            self.complain(path, f"has {number} {of_what}, more than {high}")

    def timestamp(self, shape, value, path: str, usual: str) -> None:
        """A time in the form that the shape names, or in the one that is usual there."""
        form = shape.serialization.get("timestampFormat", usual)
        if self.protocol == "smithy-rpc-v2-cbor":
            # cbor2 reads the tag 1 (seconds since 1970) as a time; without the tag there would be a number.
            good = isinstance(value, datetime.datetime)
        elif form == "iso8601":
            good = isinstance(value, str) and ISO_8601.fullmatch(value) is not None
        elif form == "rfc822":
            good = email.utils.parsedate(value) is not None
        else:
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10_000_000_000
        if not good:
            self.complain(path, f"is {value!r} and not a time in the form {form}")

    def blob(self, value, path: str) -> None:
        try:
            base64.b64decode(value, validate=True)
        except (TypeError, binascii.Error):
            self.complain(path, "is no base64")

    # Values that come as XML or as headers: texts, to be read first.

    def text(self, shape, text: str, path: str) -> None:
        kind = shape.type_name
        if kind in ("integer", "long"):
            number = int(text) if re.fullmatch(r"-?\d+", text) else text
            self.scalar(shape, number, path)
        elif kind == "boolean":
            self.scalar(shape, {"true": True, "false": False}.get(text, text), path)
        elif kind == "timestamp":
            self.timestamp(shape, text, path, "iso8601")
        else:
            self.scalar(shape, text, path)

    def element(self, shape, node, path: str) -> None:
        kind = shape.type_name
        if kind == "structure":
            self.elements(shape, node, path)
        elif kind == "list":
            wanted = shape.member.serialization.get("name", "member")
            for index, child in enumerate(node):
                if local(child) != wanted:
                    self.complain(path, f"has an element {local(child)!r} and not {wanted!r}")
                self.element(shape.member, child, f"{path}[{index}]")
        else:
            self.text(shape, node.text or "", path)

    def elements(self, shape, node, path: str) -> None:
        members = {
            member.serialization.get("name", name): (name, member)
            for name, member in shape.members.items()
            if "location" not in member.serialization
        }
        seen: dict[str, int] = {}
        for child in node:
            tag = local(child)
            if tag not in members:
                self.complain(path, f"has an element {tag!r}, which AWS's model does not have")
                continue
            name, member = members[tag]
            seen[name] = seen.get(name, 0) + 1
            below = f"{path}.{name}" if path else name
            if member.type_name == "list" and member.serialization.get("flattened"):
                self.element(member.member, child, f"{below}[{seen[name] - 1}]")
            else:
                self.element(member, child, below)
        for name in shape.required_members:
            if "location" not in shape.members[name].serialization and name not in seen:
                self.complain(path, f"lacks the required member {name}")
        for name, count in seen.items():
            member = shape.members[name]
            flat = member.type_name == "list" and member.serialization.get("flattened")
            if count > 1 and not flat:
                self.complain(path, f"has the member {name} {count} times")

    # Headers.

    # What every answer of S3 may have, beside the operation's own.
    EVERY_ANSWER = {"x-amz-request-id", "x-amz-id-2", "x-amzn-requestid", "x-amzn-trace-id"}

    def headers(self, shape, headers) -> None:
        known = {}
        for name, member in shape.members.items() if shape else ():
            where = member.serialization.get("location")
            wire_name = member.serialization.get("name", name).lower()
            if where == "header":
                known[wire_name] = (name, member)
                if wire_name in headers:
                    self.header(member, headers[wire_name], name)
                elif name in shape.required_members:
                    self.complain(name, "is required and there is no such header")
            elif where == "headers":
                for header in headers:
                    if header.lower().startswith(wire_name):
                        known[header.lower()] = (name, member)
        for header in headers:
            lower = header.lower()
            if lower.startswith("x-amz-") and lower not in known and lower not in self.EVERY_ANSWER:
                self.complain(f"header {header}", "is not one of the operation's")

    def header(self, shape, text: str, path: str) -> None:
        if shape.type_name == "timestamp":
            self.timestamp(shape, text, path, "rfc822")
        elif shape.type_name != "list":
            self.text(shape, text, path)


def local(node) -> str:
    """An element's name without its namespace."""
    return node.tag.rsplit("}", 1)[-1]


def check(operation, protocol: str, response: dict) -> None:
    """Checks one raw answer.

    Raises Nonconforming with everything that is wrong with it.
    """
    walk = Walk(protocol, f"{operation.service_model.service_name}:{operation.name}")
    if response["status_code"] >= 300:
        error(walk, operation, protocol, response)
    else:
        answer(walk, operation, protocol, response)
    walk.finish()


def answer(walk: Walk, operation, protocol: str, response: dict) -> None:
    shape, body = operation.output_shape, response["body"]
    wanted = operation.http.get("responseCode", 200)
    is_range = operation.name == "GetObject" and response["status_code"] == 206
    if response["status_code"] != wanted and not is_range:
        walk.complain("", f"has the status {response['status_code']} and not {wanted}")
    if protocol in ("rest-json", "rest-xml"):
        walk.headers(shape, response["headers"])
    if shape is None:
        if protocol in ("rest-xml", "query") or body in (b"", b"{}"):
            return
        if protocol == "smithy-rpc-v2-cbor" and cbor2.loads(body) == {}:
            return
        return walk.complain("", f"has a body and the operation answers nothing: {body[:100]!r}")
    payload = shape.serialization.get("payload")
    if payload is not None:
        shape = shape.members[payload]
        if shape.type_name == "blob":
            return
    if protocol == "rest-xml":
        if any("location" not in member.serialization for member in shape.members.values()) and body:
            # The answer is the one member itself there.
            if operation.name != "GetBucketLocation":
                walk.elements(shape, ElementTree.fromstring(body), "")
        elif body and operation.name != "HeadObject":
            walk.complain("", f"has a body and all of its members are headers: {body[:100]!r}")
    elif protocol == "query":
        node = ElementTree.fromstring(body)
        if local(node) != f"{operation.name}Response":
            walk.complain("", f"is {local(node)!r} and not {operation.name}Response")
        parts = {local(child): child for child in node}
        if "RequestId" not in {local(child) for child in parts.pop("ResponseMetadata", ())}:
            walk.complain("", "lacks ResponseMetadata with a RequestId")
        result = parts.pop(shape.serialization.get("resultWrapper", f"{operation.name}Result"), None)
        if result is None or parts:
            return walk.complain("", f"has the elements {sorted(parts)} and not its result")
        walk.elements(shape, result, "")
    elif protocol == "smithy-rpc-v2-cbor":
        walk.value(shape, cbor2.loads(body), "")
    else:
        walk.value(shape, json.loads(body or b"{}"), "")


def error(walk: Walk, operation, protocol: str, response: dict) -> None:
    status, headers, body = response["status_code"], response["headers"], response["body"]
    service = operation.service_model.service_name
    if protocol == "rest-xml":
        # HTTP allows no body there.
        if not body and (operation.name.startswith("Head") or status == 304):
            return
        code = ElementTree.fromstring(body).findtext("Code")
        if S3_ERRORS.get(code) != status:
            walk.complain("", f"is the error {code} with the status {status}, which the S3 API Reference does not have")
        return
    if protocol == "query":
        node = ElementTree.fromstring(body)
        code = next((child.findtext("{*}Code") for child in node if local(child) == "Error"), None)
        members = {}
    else:
        members = cbor2.loads(body) if protocol == "smithy-rpc-v2-cbor" else json.loads(body)
        code = headers.get("x-amzn-errortype") if protocol == "rest-json" else members.get("__type")
    if not code:
        return walk.complain("", f"is an error without a code: {body[:200]!r}")
    code = code.split(":")[0].rsplit("#", 1)[-1]
    if operation.service_model.is_query_compatible:
        query_error(walk, operation, code, status, headers)
    declared = {shape.name: shape for shape in operation.error_shapes}
    elsewhere = {shape.name for shape in operation.service_model.error_shapes}
    shape = declared.get(code)
    if shape is None:
        if code not in COMMON_ERRORS or (code in elsewhere and protocol == "rest-json"):
            walk.complain("", f"is the error {code}, which {service}:{operation.name} does not declare")
        return
    # botocore keeps `fault` out of `metadata`: an error of the service's own, 500 where nothing else is said.
    otherwise = 500 if constraint(shape, "fault") else 400
    wanted = (shape.metadata.get("error") or {}).get("httpStatusCode", otherwise)
    # Only REST has a status for each error.
    if protocol != "rest-json" and wanted < 500:
        wanted = 400
    if wanted != status:
        walk.complain("", f"is the error {code} with the status {status} and not {wanted}")
    # Some services write `Message` where their model says `message`, and the other way round; botocore takes both.
    members = {name: value for name, value in members.items() if name.lower() not in ("message", "__type")}
    lenient = {name.lower() for name in shape.members}
    for name in members:
        if name.lower() not in lenient:
            walk.complain("", f"is the error {code} with a member {name!r}, which AWS's model does not have")


def query_error(walk: Walk, operation, code: str, status: int, headers) -> None:
    """A service that once spoke the query protocol tells its clients the code that the error had there."""
    told = headers.get("x-amzn-query-error")
    if told is None:
        return walk.complain("", f"is the error {code} without the header x-amzn-query-error")
    old, _, fault = told.partition(";")
    shapes = {shape.name: shape for shape in operation.service_model.error_shapes}
    wanted = (shapes[code].metadata.get("error") or {}).get("code", code) if code in shapes else old
    if old != wanted or fault != ("Receiver" if status >= 500 else "Sender"):
        walk.complain("", f"is the error {code}, of which x-amzn-query-error says {told!r}")
