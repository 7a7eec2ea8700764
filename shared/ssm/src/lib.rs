//! The alias as an SSM parameter.
//!
//! A parameter has no compare-and-swap, so it is written last and repaired; the table decides who serves.

use async_trait::async_trait;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use perennial_aws_errors::port_error;
use perennial_ports::{ErrorKind, PortError, PortResult, ReadAlias, WriteAlias};

/// Parameters of the account and region that the client speaks to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Parameters {
    client: Client,
}

impl Parameters {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

fn named(name: &str) -> impl Fn(PortError) -> PortError {
    move |error| PortError {
        message: format!("parameter {name}: {}", error.message),
        ..error
    }
}

#[async_trait]
impl ReadAlias for Parameters {
    async fn read_alias(&self, name: &str) -> PortResult<Option<String>> {
        let answer = self.client.get_parameter().name(name).send().await;
        match answer.map_err(|error| port_error("ssm:GetParameter", error)) {
            Ok(found) => Ok(found.parameter.and_then(|parameter| parameter.value)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(named(name)(error)),
        }
    }
}

#[async_trait]
impl WriteAlias for Parameters {
    async fn write_alias(&self, name: &str, value: &str) -> PortResult<()> {
        self.client
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .map_err(|error| port_error("ssm:PutParameter", error))
            .map_err(named(name))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ssm::config::{BehaviorVersion, Region};
    use perennial_aws_errors::replay::{Replay, Reply};
    use serde_json::{Value, json};

    const NAME: &str = "/perennial/dev/support-bot/model";

    fn parameters(replay: &Replay) -> Parameters {
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Replay::credentials())
            .http_client(replay.http_client())
            .build();
        Parameters::new(Client::from_conf(config))
    }

    #[tokio::test]
    async fn an_alias_is_a_plain_parameter_that_is_overwritten() {
        let replay = Replay::new([
            Reply::ok(r#"{"Version":2}"#),
            Reply::ok(r#"{"Parameter":{"Value":"arn"}}"#),
            Reply::refusal(400, "ParameterNotFound", ""),
            Reply::refusal(400, "AccessDeniedException", "no"),
        ]);
        let parameters = parameters(&replay);
        parameters.write_alias(NAME, "arn").await.expect("written");
        assert_eq!(
            parameters.read_alias(NAME).await,
            Ok(Some("arn".to_owned()))
        );
        assert_eq!(parameters.read_alias(NAME).await, Ok(None));
        let denied = parameters.read_alias(NAME).await.expect_err("denied");
        assert_eq!(denied.kind, ErrorKind::Denied);
        assert!(denied.message.contains(NAME), "{denied}");
        let sent: Value = serde_json::from_str(&replay.asked()[0].body).expect("JSON");
        assert_eq!(
            sent,
            json!({ "Name": NAME, "Value": "arn", "Type": "String", "Overwrite": true })
        );
    }
}
