//! The parameters: the twin of the alias.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::faults::operation;
use super::{Faults, lock};
use crate::{PortResult, ReadAlias, WriteAlias};

/// Parameters in memory.
#[derive(Debug, Default)]
pub struct MemoryAlias {
    faults: Arc<Faults>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    values: BTreeMap<String, String>,
    writes: Vec<(String, String)>,
}

impl MemoryAlias {
    /// Without parameters.
    pub fn new(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            state: Mutex::default(),
        }
    }

    /// What a client would read now.
    pub fn value(&self, name: &str) -> Option<String> {
        lock(&self.state).values.get(name).cloned()
    }

    /// What somebody else wrote, past Perennial. `None` removes the parameter.
    pub fn tamper(&self, name: &str, value: Option<&str>) {
        let mut state = lock(&self.state);
        match value {
            Some(value) => state.values.insert(name.to_owned(), value.to_owned()),
            None => state.values.remove(name),
        };
    }

    /// Every write of Perennial's, name and value, in order.
    pub fn writes(&self) -> Vec<(String, String)> {
        lock(&self.state).writes.clone()
    }
}

#[async_trait]
impl ReadAlias for MemoryAlias {
    async fn read_alias(&self, name: &str) -> PortResult<Option<String>> {
        self.faults
            .call(operation::GET_PARAMETER, || Ok(self.value(name)))
    }
}

#[async_trait]
impl WriteAlias for MemoryAlias {
    async fn write_alias(&self, name: &str, value: &str) -> PortResult<()> {
        self.faults.call(operation::PUT_PARAMETER, || {
            let mut state = lock(&self.state);
            state.values.insert(name.to_owned(), value.to_owned());
            state.writes.push((name.to_owned(), value.to_owned()));
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::memory::now;

    #[test]
    fn the_last_write_stands_even_when_its_answer_is_lost() {
        let alias = MemoryAlias::default();
        assert_eq!(now(alias.read_alias("/p/model")), Ok(None));
        now(alias.write_alias("/p/model", "a")).expect("written");
        alias.faults.lose_answer_next(operation::PUT_PARAMETER, 1);
        let lost = now(alias.write_alias("/p/model", "b")).expect_err("lost");
        assert_eq!(lost.kind, ErrorKind::Unanswered);
        assert_eq!(now(alias.read_alias("/p/model")), Ok(Some("b".into())));
        assert_eq!(alias.writes().len(), 2);
        alias.tamper("/p/model", None);
        assert_eq!(alias.value("/p/model"), None);
    }
}
