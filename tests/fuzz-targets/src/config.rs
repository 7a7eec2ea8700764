//! A pipeline's configuration: any bytes are a configuration, which comes back from JSON, or problems that say where and what to do.
use perennial_core::config::{Config, ConfigErrors};

/// Any bytes.
pub fn config(data: &[u8]) {
    match Config::parse_bytes(data) {
        Ok(config) => {
            let json = serde_json::to_string(&config).expect("a configuration is JSON");
            let read: Config = serde_json::from_str(&json).expect("it comes back");
            assert_eq!(read, config, "{json}");
        }
        Err(ConfigErrors { errors }) => {
            let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(!errors.is_empty() && errors.len() <= ConfigErrors::MAX);
            for error in errors {
                assert!((1..=lines).contains(&error.line), "{error}");
                assert!(
                    !error.found.is_empty() && !error.fix.is_empty(),
                    "{error:?}"
                );
            }
        }
    }
}
