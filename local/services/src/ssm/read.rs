//! `GetParameter`, `GetParameters`.

use serde::{Deserialize, Serialize};

use super::parameter::{Parameter, ParameterType, split_selector};
use crate::{
    error::AwsError,
    operation::{Call, Operation},
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Shown {
    name: String,
    #[serde(rename = "Type")]
    kind: ParameterType,
    value: String,
    version: u64,
    selector: Option<String>,
    /// Seconds since 1970.
    last_modified_date: f64,
    #[serde(rename = "ARN")]
    arn: String,
    data_type: String,
}

fn show(text: &str, call: &Call<'_>) -> Result<Shown, AwsError> {
    let (name, number) = split_selector(text);
    let parameter = Parameter::existing(&name, call)?;
    let version = match number {
        Some(number) => parameter
            .versions
            .into_iter()
            .find(|version| version.number == number),
        None => parameter.versions.into_iter().next_back(),
    };
    let missing = || {
        AwsError::new(
            "ParameterVersionNotFound",
            format!("Parameter {name} has no such version."),
        )
    };
    let version = version.ok_or_else(missing)?;
    Ok(Shown {
        arn: call.arn(
            "ssm",
            &format!("parameter/{}", name.trim_start_matches('/')),
        ),
        name,
        kind: version.kind,
        value: version.value,
        version: version.number,
        selector: number.map(|number| format!(":{number}")),
        last_modified_date: version.written.as_millisecond() as f64 / 1000.0,
        data_type: parameter.data_type,
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetParameter {
    name: String,
    /// Nothing is encrypted here, so it changes nothing.
    #[serde(default, rename = "WithDecryption")]
    _with_decryption: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct One {
    parameter: Shown,
}

impl Operation for GetParameter {
    const NAME: &'static str = "GetParameter";
    type Answer = One;

    fn perform(self, call: &mut Call<'_>) -> Result<One, AwsError> {
        Ok(One {
            parameter: show(&self.name, call)?,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetParameters {
    names: Vec<String>,
    #[serde(default, rename = "WithDecryption")]
    _with_decryption: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Several {
    parameters: Vec<Shown>,
    invalid_parameters: Vec<String>,
}

impl Operation for GetParameters {
    const NAME: &'static str = "GetParameters";
    type Answer = Several;

    fn perform(self, call: &mut Call<'_>) -> Result<Several, AwsError> {
        let (mut parameters, mut invalid_parameters) = (Vec::new(), Vec::new());
        for name in self.names {
            match show(&name, call) {
                Ok(parameter) => parameters.push(parameter),
                Err(error) if error.status == 400 => invalid_parameters.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(Several {
            parameters,
            invalid_parameters,
        })
    }
}
