//! The texts of `[training.sagemaker]` that SageMaker would refuse only when the job is created.

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG][@DIGEST]`. SageMaker refuses ECR Public ("at this moment we don't support
/// public.ecr images", aws/sagemaker-python-sdk#2605), and any other registry unless `TrainingImageConfig` says how to reach it within a
/// VPC (SageMaker guide, docker-containers-adapt-your-own-private-registry), which Perennial does not send. At most 255 characters.
pub(super) fn is_image(text: &str) -> bool {
    let Some((host, rest)) = text.split_once('/') else {
        return false;
    };
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (rest, None),
    };
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (rest, None),
    };
    text.len() <= 255
        && is_registry(host)
        && repository.split('/').all(is_name)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_registry(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    let [
        account,
        "dkr",
        "ecr" | "ecr-fips",
        region,
        "amazonaws",
        "com",
        china @ ..,
    ] = parts.as_slice()
    else {
        return false;
    };
    account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && is_region(region)
        && matches!(china, [] | ["cn"])
}

/// Such as `us-east-1` or `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |text: &&str| text.len() >= 2 && text.bytes().all(|b| b.is_ascii_lowercase());
    matches!(parts.as_slice(), [words @ .., number]
        if words.len() >= 2
            && words.iter().all(letters)
            && (1..=2).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// One part of a repository's name. Source: ECR's `RepositoryName`.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (first, last) = (text.bytes().next(), text.bytes().last());
    first.is_some_and(plain)
        && last.is_some_and(plain)
        && text
            .bytes()
            .all(|byte| plain(byte) || b"._-".contains(&byte))
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64
            && hex
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// `ml.FAMILY.SIZE`, as all words of SageMaker's `TrainingInstanceType` are: a family is letters, a number, and more
/// (`g5`, `p4de`, `p6e-gb200`, `m7i-flex`); a size is `medium`, `large`, `xlarge` or so many of these. No list is kept, as AWS adds to it.
pub(super) fn is_instance(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let ["ml", family, size] = parts.as_slice() else {
        return false;
    };
    is_family(family) && is_size(size)
}

fn is_family(text: &str) -> bool {
    let generation = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let rest = generation.trim_start_matches(|c: char| c.is_ascii_digit());
    text.len() <= 20
        && generation.len() < text.len()
        && rest.len() < generation.len()
        && !rest.ends_with('-')
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_size(text: &str) -> bool {
    let Some(times) = text.strip_suffix("xlarge") else {
        return matches!(text, "medium" | "large");
    };
    times.len() <= 3 && !times.starts_with('0') && times.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_a_uri_in_ecr() {
        let digest = "ab".repeat(32);
        for image in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1",
            "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/a/b_c/d.e:v-1.2_x",
            "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com/x",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/x:latest",
            &format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/x@sha256:{digest}"),
            &format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1@sha256:{digest}"),
        ] {
            assert!(is_image(image), "{image}");
        }
        for image in [
            "docker.io/evil:latest",
            "public.ecr.aws/bitnami/python:3.9",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/X",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com//x",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/x@sha256:1",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com.example.com/x",
            "123456789012.dkr.ecr.nowhere.amazonaws.com/x",
            "1.dkr.ecr.us-east-1.amazonaws.com/x",
            "x123456789012.dkr.ecr.us-east-1.amazonaws.com/x",
            "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/x",
        ] {
            assert!(!is_image(image), "{image}");
        }
    }

    /// The words of AWS's own model, which the local cloud keeps.
    #[test]
    fn every_instance_type_of_sagemaker_is_one_and_what_is_none_is_not() {
        let model = include_str!("../../../../local/services/src/request_model.json");
        let model: serde_json::Value = serde_json::from_str(model).unwrap();
        let known = &model["sagemaker"]["CreateTrainingJob"]["members"]["ResourceConfig"]["members"]
            ["InstanceType"]["enum"];
        let known = known.as_array().unwrap();
        assert!(known.len() > 100);
        for known in known {
            let known = known.as_str().unwrap();
            assert!(is_instance(known), "{known}");
        }
        for wrong in [
            "ml.nosuch.99xl",
            "ml.g5",
            "ml.g5.huge",
            "ml.g5.xlarge.x",
            "ml.g5.0xlarge",
            "ml.5g.xlarge",
            "ml.g.xlarge",
            "ml.g5-.xlarge",
            "ml.G5.xlarge",
            "g5.xlarge",
            "",
        ] {
            assert!(!is_instance(wrong), "{wrong}");
        }
    }
}
