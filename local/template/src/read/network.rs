//! A private network, if one is asked for: what the functions need of it to reach AWS. Nothing is done with it locally.

use super::{Draft, Resource, texts};
use crate::held::Endpoint;
use crate::node::Kind;
use crate::props::Props;

/// AWS is called by TLS.
const TLS: u64 = 443;

/// `AWS::EC2::VPCEndpoint`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-vpcendpoint.html>).
pub(super) fn endpoint(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    // Everything is on 127.0.0.1.
    props.pass_over(&["DnsOptions", "IpAddressType", "PolicyDocument", "Tags"]);
    let kind = props.need("VpcEndpointType");
    let kind = kind.and_then(|_| props.one_of("VpcEndpointType", &["Interface", "Gateway"]));
    present(props, "VpcId", draft);
    match kind {
        Some("Interface") => {
            present(props, "SubnetIds", draft);
            present(props, "SecurityGroupIds", draft);
            // Without it AWS's own names lead past the endpoint.
            if props.truth("PrivateDnsEnabled") != Some(true) {
                props.refuse("PrivateDnsEnabled", "it must be true");
            }
        }
        Some(_) => present(props, "RouteTableIds", draft),
        None => {}
    }
    let Some(name) = props.need("ServiceName") else {
        return;
    };
    let begin = format!("com.amazonaws.{}.", about.deployment.region);
    let Some(service) = name.strip_prefix(&begin) else {
        props.refuse(
            "ServiceName",
            format!("“{name}” does not begin with {begin}"),
        );
        return;
    };
    draft.stack.endpoints.push(Endpoint {
        origin: about.origin,
        service: service.to_owned(),
        is_gateway: kind == Some("Gateway"),
    });
}

/// `AWS::EC2::SecurityGroup`
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html>).
pub(super) fn security_group(props: &Props<'_>, draft: &Draft) {
    props.pass_over(&["GroupName", "Tags"]);
    props.need("GroupDescription");
    present(props, "VpcId", draft);
    // It may have none: they may be resources of their own, and AWS lets all out by default.
    let mut rules = props.maps("SecurityGroupIngress");
    rules.extend(props.maps("SecurityGroupEgress"));
    for rule in rules {
        rule.pass_over(&["Description"]);
        rule.need("IpProtocol");
        rule.one_of("IpProtocol", &["tcp"]);
        for port in ["FromPort", "ToPort"] {
            if rule.number(port, 0, 65_535) != Some(TLS) {
                rule.refuse(port, format!("AWS is called at port {TLS}"));
            }
        }
        let whom = [
            "CidrIp",
            "SourceSecurityGroupId",
            "DestinationSecurityGroupId",
        ];
        if whom.map(|key| rule.node(key).is_some()) == [false; 3] {
            rule.refuse("", format!("one of {} is missing", whom.join(", ")));
        }
        rule.finish();
    }
}

/// A value that has to be there. Where the whole is not, in this deployment, its parameters are empty.
fn present(props: &Props<'_>, key: &'static str, draft: &Draft) {
    let Some(node) = props.node(key) else {
        props.missing(key);
        return;
    };
    let is_empty = match &node.kind {
        Kind::Text(text) => text.is_empty(),
        Kind::List(_) => texts(props, key).is_empty(),
        _ => false,
    };
    if is_empty && !draft.is_absent {
        props.refuse(key, "it is empty");
    }
}
