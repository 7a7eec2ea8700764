"""DynamoDB, which the `dynoxide` server answers: tables, items, conditions, transactions, indexes, PartiQL."""

import pytest
from botocore.exceptions import ClientError

from local_cloud import wait_for

TABLE = "conformance"


def key(pk: str, sk: str = "a") -> dict:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


@pytest.fixture(scope="module")
def dynamodb(clients):
    client = clients("dynamodb")
    attributes = [("pk", "S"), ("sk", "S"), ("kind", "S"), ("at", "N")]
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": of} for name, of in attributes],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    active = lambda: client.describe_table(TableName=TABLE)["Table"]["TableStatus"]
    wait_for(active, lambda seen: seen == "ACTIVE")
    return client


def code(refused) -> str:
    return refused.value.response["Error"]["Code"]


def test_tables(dynamodb):
    assert TABLE in dynamodb.list_tables(Limit=100)["TableNames"]
    with pytest.raises(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    arn = dynamodb.describe_table(TableName=TABLE)["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []
    dynamodb.update_time_to_live(TableName=TABLE, TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True})
    ttl = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert ttl["AttributeName"] == "ttl" and ttl["TimeToLiveStatus"] in ("ENABLING", "ENABLED")
    for ask in (
        lambda: dynamodb.describe_table(TableName="none"),
        lambda: dynamodb.delete_table(TableName="none"),
        lambda: dynamodb.get_item(TableName="none", Key=key("a")),
        lambda: dynamodb.describe_time_to_live(TableName="none"),
    ):
        with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
            ask()


def test_a_table_is_changed_and_deleted(dynamodb):
    table = "conformance-short-lived"
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    assert dynamodb.delete_table(TableName=table)["TableDescription"]["TableStatus"] == "DELETING"


def test_items(dynamodb):
    item = {**key("items"), "n": {"N": "1"}, "l": {"L": [{"BOOL": True}, {"NULL": True}]}, "b": {"B": b"\x00"}, "s": {"SS": ["x"]}}
    dynamodb.put_item(TableName=TABLE, Item=item, ReturnConsumedCapacity="TOTAL")
    got = dynamodb.get_item(TableName=TABLE, Key=key("items"), ConsistentRead=True, ReturnConsumedCapacity="INDEXES")
    assert got["Item"] == item and got["ConsumedCapacity"]["CapacityUnits"] == 1.0
    updated = dynamodb.update_item(
        TableName=TABLE,
        Key=key("items"),
        UpdateExpression="ADD #n :one",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert updated["Attributes"]["n"] == {"N": "2"}
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(TableName=TABLE, Item=item, ConditionExpression="attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    deleted = dynamodb.delete_item(TableName=TABLE, Key=key("items"), ReturnValues="ALL_OLD")
    assert deleted["Attributes"]["n"] == {"N": "2"}
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=key("items"))


def test_pages_of_a_partition_and_of_the_due_index(dynamodb):
    writes = [{"PutRequest": {"Item": {**key("pages", f"{n}"), "kind": {"S": "run"}, "at": {"N": str(n)}}}} for n in range(5)]
    assert dynamodb.batch_write_item(RequestItems={TABLE: writes})["UnprocessedItems"] == {}
    ask = {
        "TableName": TABLE,
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":pk": {"S": "pages"}},
        "ScanIndexForward": False,
    }
    pages = list(dynamodb.get_paginator("query").paginate(**ask, PaginationConfig={"PageSize": 2}))
    assert [item["sk"]["S"] for page in pages for item in page["Items"]] == ["4", "3", "2", "1", "0"]
    due = dynamodb.query(
        TableName=TABLE,
        IndexName="due",
        KeyConditionExpression="#k = :k AND #at <= :until",
        ExpressionAttributeNames={"#k": "kind", "#at": "at"},
        ExpressionAttributeValues={":k": {"S": "run"}, ":until": {"N": "2"}},
        ReturnConsumedCapacity="INDEXES",
    )
    assert [item["sk"]["S"] for item in due["Items"]] == ["0", "1", "2"]
    scanned = list(dynamodb.get_paginator("scan").paginate(TableName=TABLE, PaginationConfig={"PageSize": 2}))
    assert sum(page["Count"] for page in scanned) == 5
    found = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key("pages", "0"), key("pages", "none")]}})
    assert len(found["Responses"][TABLE]) == 1 and found["UnprocessedKeys"] == {}


def test_transactions(dynamodb):
    put = {"Put": {"TableName": TABLE, "Item": key("tx"), "ConditionExpression": "attribute_not_exists(pk)"}}
    check = {"ConditionCheck": {"TableName": TABLE, "Key": key("pages", "0"), "ConditionExpression": "attribute_exists(pk)"}}
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[put, check], ClientRequestToken="token-1")
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(TransactItems=[put, check], ClientRequestToken="token-2")
    assert [why["Code"] for why in cancelled.value.response["CancellationReasons"]] == ["ConditionalCheckFailed", "None"]
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[check], ClientRequestToken="token-1")
    got = dynamodb.transact_get_items(TransactItems=[{"Get": {"TableName": TABLE, "Key": key("tx")}}])
    assert got["Responses"] == [{"Item": key("tx")}]


def test_partiql(dynamodb):
    insert = f"INSERT INTO \"{TABLE}\" VALUE {{'pk': 'ql', 'sk': 'a'}}"
    dynamodb.execute_statement(Statement=insert)
    select = f"SELECT * FROM \"{TABLE}\" WHERE pk = 'ql'"
    assert dynamodb.execute_statement(Statement=select)["Items"] == [key("ql")]
    several = dynamodb.batch_execute_statement(Statements=[{"Statement": f"{select} AND sk = 'a'"}])
    assert several["Responses"][0]["Item"] == key("ql")
    together = dynamodb.execute_transaction(TransactStatements=[{"Statement": f"{select} AND sk = 'a'"}])
    assert together["Responses"] == [{"Item": key("ql")}]


def test_what_no_table_takes_is_refused(dynamodb):
    for ask in (
        lambda: dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "a"}}),
        lambda: dynamodb.put_item(TableName=TABLE, Item={"pk": {"N": "1"}, "sk": {"S": "a"}}),
        lambda: dynamodb.put_item(TableName=TABLE, Item={**key("a"), "x": {"S": "x" * 410_000}}),
        lambda: dynamodb.query(TableName=TABLE, KeyConditionExpression="sk = :x", ExpressionAttributeValues={":x": {"S": "a"}}),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": TABLE, "Key": key("a")}}] * 2),
        lambda: dynamodb.batch_write_item(RequestItems={TABLE: [{"DeleteRequest": {"Key": key("a")}}] * 2}),
    ):
        with pytest.raises(ClientError) as refused:
            ask()
        assert code(refused) == "ValidationException"


ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/none"


@pytest.mark.parametrize(
    ("operation", "ask", "wanted"),
    [
        ("batch_get_item", {"RequestItems": {"none": {"Keys": [key("a")]}}}, "ResourceNotFoundException"),
        ("batch_write_item", {"RequestItems": {"none": [{"DeleteRequest": {"Key": key("a")}}]}}, "ResourceNotFoundException"),
        ("delete_item", {"TableName": "none", "Key": key("a")}, "ResourceNotFoundException"),
        ("update_item", {"TableName": "none", "Key": key("a")}, "ResourceNotFoundException"),
        ("scan", {"TableName": "none"}, "ResourceNotFoundException"),
        ("query", {"TableName": TABLE, "IndexName": "none", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}, "ValidationException"),
        ("update_table", {"TableName": "none", "DeletionProtectionEnabled": True}, "ResourceNotFoundException"),
        ("update_time_to_live", {"TableName": "none", "TimeToLiveSpecification": {"AttributeName": "t", "Enabled": True}}, "ResourceNotFoundException"),
        ("tag_resource", {"ResourceArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]}, "ResourceNotFoundException"),
        ("untag_resource", {"ResourceArn": ARN, "TagKeys": ["a"]}, "ResourceNotFoundException"),
        # `dynoxide` does not tell a table that is not there from one that is another account's.
        ("list_tags_of_resource", {"ResourceArn": ARN}, "AccessDeniedException"),
        ("list_tables", {"Limit": 101}, "ValidationException"),
        ("transact_get_items", {"TransactItems": [{"Get": {"TableName": "none", "Key": key("a")}}]}, "ResourceNotFoundException"),
        ("execute_statement", {"Statement": "SELECT nonsense"}, "ValidationException"),
        ("batch_execute_statement", {"Statements": [{"Statement": "SELECT nonsense"}] * 26}, "ValidationException"),
        ("execute_transaction", {"TransactStatements": [{"Statement": "SELECT nonsense"}]}, "ValidationException"),
    ],
)
def test_each_operation_refuses_as_declared(dynamodb, operation, ask, wanted):
    with pytest.raises(ClientError) as refused:
        getattr(dynamodb, operation)(**ask)
    assert code(refused) == wanted
