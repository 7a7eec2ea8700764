"""S3: buckets, objects, versions, listings, copies, multipart uploads."""

import datetime
import hashlib
import urllib.request

import pytest
from botocore.exceptions import ClientError

BUCKET = "conformance-objects"
ODD_KEY = "data/a b+c%é//x's (1).jsonl"


@pytest.fixture(scope="module")
def s3(clients):
    client = clients("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def code(refused) -> str:
    return refused.value.response["Error"]["Code"]


def test_buckets(s3):
    bucket = "conformance-second"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == "us-west-2"
    assert s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"] is None
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-west-2"
    names = [one["Name"] for one in s3.list_buckets(Prefix="conformance-")["Buckets"]]
    assert {BUCKET, bucket} <= set(names)
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert code(refused) == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    with pytest.raises(ClientError) as refused:
        s3.delete_bucket(Bucket=bucket)
    assert code(refused) == "BucketNotEmpty"
    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)
    for ask in (s3.delete_bucket, s3.get_bucket_location, s3.get_bucket_versioning, s3.list_objects_v2, s3.list_object_versions):
        with pytest.raises(ClientError) as refused:
            ask(Bucket=bucket)
        assert code(refused) == "NoSuchBucket", ask
    with pytest.raises(ClientError) as refused:
        s3.head_bucket(Bucket=bucket)
    assert code(refused) == "404"


def test_a_bad_name_is_refused(clients, s3):
    for name in ("Upper", "a..b", "ab", "-a-", "192.168.1.1"):
        with pytest.raises(ClientError) as refused:
            s3.create_bucket(Bucket=name)
        assert code(refused) == "InvalidBucketName", name
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="k" * 1025, Body=b"")
    assert code(refused) == "KeyTooLongError"


@pytest.mark.parametrize("key", ["plain", ODD_KEY, "a/b", "a", "x" * 1024])
def test_an_object_comes_back_as_it_went(s3, key):
    body = key.encode() * 3
    put = s3.put_object(
        Bucket=BUCKET, Key=key, Body=body, ContentType="application/jsonl", Metadata={"who": "suite"}
    )
    got = s3.get_object(Bucket=BUCKET, Key=key)
    assert got["Body"].read() == body and got["ETag"] == put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert got["Metadata"] == {"who": "suite"} and got["ContentType"] == "application/jsonl"
    head = s3.head_object(Bucket=BUCKET, Key=key, VersionId=put["VersionId"])
    assert head["ContentLength"] == len(body) and head["VersionId"] == put["VersionId"]
    assert s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == []
    part = s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=1-2")
    assert part["Body"].read() == body[1:3] and part["ContentRange"] == f"bytes 1-2/{len(body)}"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256", "SHA1"])
def test_a_checksum_is_kept_and_shown(s3, algorithm):
    member = f"Checksum{algorithm}"
    put = s3.put_object(Bucket=BUCKET, Key=f"sum-{algorithm}", Body=b"x", ChecksumAlgorithm=algorithm)
    got = s3.head_object(Bucket=BUCKET, Key=f"sum-{algorithm}", ChecksumMode="ENABLED")
    assert put[member] == got[member]


def test_conditions_are_kept(s3):
    first = s3.put_object(Bucket=BUCKET, Key="once", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="once", Body=b"2", IfNoneMatch="*")
    assert code(refused) == "PreconditionFailed"
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="once", Body=b"2", IfMatch='"0"')
    assert code(refused) == "PreconditionFailed"
    s3.put_object(Bucket=BUCKET, Key="once", Body=b"2", IfMatch=first["ETag"])
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=BUCKET, Key="once", IfMatch=first["ETag"])
    assert code(refused) == "PreconditionFailed"
    with pytest.raises(ClientError) as refused:
        second = s3.head_object(Bucket=BUCKET, Key="once")
        s3.get_object(Bucket=BUCKET, Key="once", IfNoneMatch=second["ETag"])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 304
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="sum", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    assert code(refused) == "BadDigest"


def test_what_is_not_there_is_said_to_be(s3):
    for ask, wanted in (
        (lambda: s3.get_object(Bucket=BUCKET, Key="none"), "NoSuchKey"),
        (lambda: s3.head_object(Bucket=BUCKET, Key="none"), "404"),
        (lambda: s3.get_object(Bucket="conformance-none", Key="none"), "NoSuchBucket"),
        (lambda: s3.put_object(Bucket="conformance-none", Key="none", Body=b""), "NoSuchBucket"),
        (lambda: s3.get_object(Bucket=BUCKET, Key="once", Range="bytes=99-100"), "InvalidRange"),
        (lambda: s3.get_object_tagging(Bucket=BUCKET, Key="none"), "NoSuchKey"),
        (lambda: s3.copy_object(Bucket=BUCKET, Key="x", CopySource={"Bucket": BUCKET, "Key": "none"}), "NoSuchKey"),
    ):
        with pytest.raises(ClientError) as refused:
            ask()
        assert code(refused) == wanted


def test_versions_and_delete_markers(s3):
    first = s3.put_object(Bucket=BUCKET, Key="versions/k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=BUCKET, Key="versions/k", Body=b"2")["VersionId"]
    assert s3.get_object(Bucket=BUCKET, Key="versions/k", VersionId=first)["Body"].read() == b"1"
    marker = s3.delete_object(Bucket=BUCKET, Key="versions/k")
    assert marker["DeleteMarker"] is True
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=BUCKET, Key="versions/k")
    assert code(refused) == "NoSuchKey"
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=BUCKET, Key="versions/k", VersionId=marker["VersionId"])
    assert code(refused) == "MethodNotAllowed"
    pages = list(
        s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix="versions/", PaginationConfig={"PageSize": 1})
    )
    versions = [one["VersionId"] for page in pages for one in page.get("Versions", [])]
    assert versions == [second, first] and len(pages) == 3
    s3.delete_object(Bucket=BUCKET, Key="versions/k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=BUCKET, Key="versions/k")["Body"].read() == b"2"


def test_listings_have_pages_prefixes_and_encoded_keys(s3):
    keys = [f"list/{name}" for name in ("a/1", "a/2", "b", "c d+é", "e")]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    for operation in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 2})
        assert [one["Key"] for page in pages for one in page["Contents"]] == sorted(keys), operation
        folded = getattr(s3, operation)(Bucket=BUCKET, Prefix="list/", Delimiter="/")
        assert folded["CommonPrefixes"] == [{"Prefix": "list/a/"}]
        encoded = getattr(s3, operation)(Bucket=BUCKET, Prefix="list/c", EncodingType="url")
        assert encoded["EncodingType"] == "url"
    after = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", StartAfter="list/b", FetchOwner=True)
    assert [one["Key"] for one in after["Contents"]] == ["list/c d+é", "list/e"] and after["Contents"][0]["Owner"]
    assert s3.list_objects_v2(Bucket=BUCKET, MaxKeys=0)["KeyCount"] == 0
    with pytest.raises(ClientError) as refused:
        s3.list_objects_v2(Bucket=BUCKET, ContinuationToken="made-up")
    assert code(refused) == "InvalidArgument"


def test_a_copy_has_the_content_and_what_is_said_of_it(s3):
    s3.put_object(Bucket=BUCKET, Key="from", Body=b"copied", Metadata={"a": "b"}, ContentType="text/plain")
    copied = s3.copy_object(Bucket=BUCKET, Key=ODD_KEY, CopySource={"Bucket": BUCKET, "Key": "from"})
    assert isinstance(copied["CopyObjectResult"]["LastModified"], datetime.datetime)
    got = s3.get_object(Bucket=BUCKET, Key=ODD_KEY)
    assert got["Body"].read() == b"copied" and got["Metadata"] == {"a": "b"}
    changed = {"MetadataDirective": "REPLACE", "Metadata": {"c": "d"}}
    s3.copy_object(Bucket=BUCKET, Key="to", CopySource={"Bucket": BUCKET, "Key": ODD_KEY}, **changed)
    assert s3.head_object(Bucket=BUCKET, Key="to")["Metadata"] == {"c": "d"}


def test_tags_are_refused_by_name(s3):
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"", Tagging="a=b")
    assert code(refused) == "NotImplemented"


def test_several_are_deleted_at_once(s3):
    for name in "ab":
        s3.put_object(Bucket=BUCKET, Key=f"several/{name}", Body=b"")
    objects = [{"Key": "several/a"}, {"Key": "several/b"}, {"Key": "several/none"}]
    deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})["Deleted"]
    assert sorted(one["Key"] for one in deleted) == [one["Key"] for one in objects]
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="several/")["KeyCount"] == 0


LEAST_PART = 5 * 1024 * 1024


def test_a_multipart_upload(s3):
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="large", ContentType="text/plain", Metadata={"a": "b"})
    upload = {"Bucket": BUCKET, "Key": "large", "UploadId": made["UploadId"]}
    first = s3.upload_part(**upload, PartNumber=1, Body=b"1" * LEAST_PART)["ETag"]
    s3.put_object(Bucket=BUCKET, Key="source", Body=b"2" * 10)
    copied = s3.upload_part_copy(**upload, PartNumber=2, CopySource={"Bucket": BUCKET, "Key": "source"}, CopySourceRange="bytes=0-4")
    second = copied["CopyPartResult"]["ETag"]
    pages = list(s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 1}))
    assert [one["PartNumber"] for page in pages for one in page.get("Parts", [])] == [1, 2]
    listed = s3.list_multipart_uploads(Bucket=BUCKET, Prefix="lar")["Uploads"]
    assert [one["UploadId"] for one in listed] == [made["UploadId"]]
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]
    for wrong, wanted in ((parts[::-1], "InvalidPartOrder"), ([{**parts[0], "ETag": '"0"'}], "InvalidPart")):
        with pytest.raises(ClientError) as refused:
            s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": wrong})
        assert code(refused) == wanted
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-2"')
    assert s3.head_object(Bucket=BUCKET, Key="large")["ContentLength"] == LEAST_PART + 5


def test_an_upload_that_is_given_up_or_unknown(s3):
    made = s3.create_multipart_upload(Bucket=BUCKET, Key="given-up")
    upload = {"Bucket": BUCKET, "Key": "given-up", "UploadId": made["UploadId"]}
    small = [s3.upload_part(**upload, PartNumber=number, Body=b"x")["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number + 1, "ETag": tag} for number, tag in enumerate(small)]
    with pytest.raises(ClientError) as refused:
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert code(refused) == "EntityTooSmall"
    s3.abort_multipart_upload(**upload)
    for ask in (
        lambda: s3.abort_multipart_upload(**upload),
        lambda: s3.list_parts(**upload),
        lambda: s3.upload_part(**upload, PartNumber=1, Body=b"x"),
        lambda: s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}),
    ):
        with pytest.raises(ClientError) as refused:
            ask()
        assert code(refused) == "NoSuchUpload"
    with pytest.raises(ClientError) as refused:
        s3.upload_part(**upload, PartNumber=1, Body=b"x")
    # botocore waits for "100 Continue" before it sends a body; one that was never asked for must not be waited for.
    assert refused.value.response["ResponseMetadata"]["HTTPHeaders"].get("connection") == "close"


def test_a_signed_url_and_a_wrong_signature(s3):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "from"}, ExpiresIn=60)
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"copied"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("/from?", "/to?"))
    assert refused.value.code == 403 and b"SignatureDoesNotMatch" in refused.value.read()


@pytest.mark.parametrize(
    ("operation", "ask", "wanted"),
    [
        ("create_multipart_upload", {"Bucket": "conformance-none", "Key": "k"}, "NoSuchBucket"),
        ("delete_object", {"Bucket": "conformance-none", "Key": "k"}, "NoSuchBucket"),
        ("delete_objects", {"Bucket": "conformance-none", "Delete": {"Objects": [{"Key": "k"}]}}, "NoSuchBucket"),
        ("list_multipart_uploads", {"Bucket": "conformance-none"}, "NoSuchBucket"),
        ("list_objects", {"Bucket": "conformance-none"}, "NoSuchBucket"),
        ("put_bucket_versioning", {"Bucket": "conformance-none", "VersioningConfiguration": {"Status": "Enabled"}}, "NoSuchBucket"),
        ("upload_part_copy", {"Bucket": BUCKET, "Key": "k", "UploadId": "none", "PartNumber": 1, "CopySource": f"{BUCKET}/from"}, "NoSuchUpload"),
        ("delete_object", {"Bucket": BUCKET, "Key": "k", "VersionId": "made up"}, "InvalidArgument"),
        ("upload_part", {"Bucket": BUCKET, "Key": "k", "UploadId": "none", "PartNumber": 10_001, "Body": b""}, "InvalidArgument"),
    ],
)
def test_each_operation_refuses_as_s3_does(s3, operation, ask, wanted):
    with pytest.raises(ClientError) as refused:
        getattr(s3, operation)(**ask)
    assert code(refused) == wanted
