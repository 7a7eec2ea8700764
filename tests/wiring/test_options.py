"""Everything that a parameter of the template can add, in an account of its own. (AWS Budgets is unknown to the emulator.)"""

import deployment
from account import Account


def test_a_bus_a_key_a_mail_address_and_a_private_network(tmp_path):
    account = Account(tmp_path, {})
    try:
        ec2 = account.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
        parameters = {
            "Installation": "second",
            "EventBusName": "perennial-second",
            "NotificationEmail": "someone@example.com",
            "KmsKeyArn": account.client("kms").create_key()["KeyMetadata"]["Arn"],
            "VpcId": vpc,
            "SubnetIds": ",".join(subnets),
            "RouteTableIds": ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
        }
        outputs = deployment.deploy(account, deployment.TEMPLATE.read_text(), parameters)
        events = account.client("events")

        def sources(bus: str) -> set[str]:
            rules = events.list_rules(EventBusName=bus, NamePrefix="perennial-second-")["Rules"]
            return {"perennial" if '"perennial"' in rule.get("EventPattern", "") else "AWS" for rule in rules}

        # Own events go over the own bus, what AWS says comes over the default one.
        assert outputs["Bus"] == "perennial-second"
        assert (sources("perennial-second"), sources("default")) == ({"perennial"}, {"AWS"})
        function = account.client("lambda").get_function_configuration(FunctionName="perennial-second-train")
        assert function["Environment"]["Variables"]["PERENNIAL_BUS"] == "perennial-second"

        role = function["Role"].split("/")[-1]
        attached = account.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert sorted(policy["PolicyName"].split("-")[1] for policy in attached) == ["KeyPolicy", "VpcPolicy"]

        endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
        services = sorted(endpoint["ServiceName"].split(".")[-1] for endpoint in endpoints)
        # “api” is SageMaker's, `sagemaker.api`.
        assert services == ["api", "bedrock", "bedrock-runtime", "dynamodb", "events", "monitoring", "s3", "ssm"]

        subscriptions = account.client("sns").list_subscriptions_by_topic(TopicArn=outputs["Notifications"])["Subscriptions"]
        assert [subscription["Endpoint"] for subscription in subscriptions] == ["someone@example.com"]
    finally:
        account.stop()
