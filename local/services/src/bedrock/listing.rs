//! What the list operations have in common: order, time window, pages. (`sortBy` knows nothing but the time of creation.)

use jiff::Timestamp;

use crate::error::AwsError;

/// The members that every list operation has, as the query string carries them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listing<'a> {
    pub(crate) after: Option<&'a String>,
    pub(crate) before: Option<&'a String>,
    pub(crate) max_results: Option<&'a String>,
    pub(crate) next_token: Option<&'a String>,
    pub(crate) sort_order: Option<&'a String>,
}

/// The most items of one page, and the default (botocore's model: 1 to 1000).
const LARGEST_PAGE: usize = 1000;

impl Listing<'_> {
    /// The asked page of `items` (which come oldest first), and the token of the next.
    ///
    /// # Errors
    /// `ValidationException` for a time or token that AWS would not take. Numbers and orders were looked at before.
    pub(crate) fn page<T>(
        self,
        mut items: Vec<T>,
        id: impl Fn(&T) -> &str,
        created: impl Fn(&T) -> Timestamp,
    ) -> Result<(Vec<T>, Option<String>), AwsError> {
        let after = self.after.map(|text| time("After", text)).transpose()?;
        let before = self.before.map(|text| time("Before", text)).transpose()?;
        items.retain(|item| {
            after.is_none_or(|after| created(item) > after)
                && before.is_none_or(|before| created(item) < before)
        });
        if self.sort_order.is_none_or(|order| order != "Ascending") {
            items.reverse();
        }
        let size = self.max_results.and_then(|text| text.parse().ok());
        let size = size.unwrap_or(LARGEST_PAGE);
        if let Some(token) = self.next_token {
            let last = items.iter().position(|item| token_of(id(item)) == *token);
            let last =
                last.ok_or_else(|| AwsError::validation("The provided nextToken is invalid."))?;
            items.drain(..=last);
        }
        let more = items.len() > size;
        items.truncate(size);
        let token = items.last().filter(|_| more).map(|item| token_of(id(item)));
        Ok((items, token))
    }
}

/// A token that is no name, so that nobody takes it for one.
fn token_of(id: &str) -> String {
    id.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn time(member: &str, text: &str) -> Result<Timestamp, AwsError> {
    text.parse()
        .map_err(|_| AwsError::validation(format!("'{text}' at '…{member}' is not a timestamp.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Listing<'static> = Listing {
        after: None,
        before: None,
        max_results: None,
        next_token: None,
        sort_order: None,
    };

    type Item = (String, Timestamp);

    fn page(listing: Listing<'_>) -> Result<(Vec<Item>, Option<String>), AwsError> {
        let items = (0..5)
            .map(|n| (format!("item-{n}"), Timestamp::from_second(n).unwrap()))
            .collect();
        listing.page(items, |item| &item.0, |item| item.1)
    }

    #[test]
    fn pages_cover_everything_once_newest_first() {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let two = "2".to_owned();
            let (items, next) = page(Listing {
                max_results: Some(&two),
                next_token: token.as_ref(),
                ..ALL
            })
            .unwrap();
            seen.extend(items.into_iter().map(|item| item.0));
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["item-4", "item-3", "item-2", "item-1", "item-0"]);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        assert!(
            page(Listing {
                next_token: Some(&"x".to_owned()),
                ..ALL
            })
            .is_err()
        );
        assert!(
            page(Listing {
                after: Some(&"yesterday".to_owned()),
                ..ALL
            })
            .is_err()
        );
        let after = "1970-01-01T00:00:02Z".to_owned();
        assert_eq!(
            page(Listing {
                after: Some(&after),
                ..ALL
            })
            .unwrap()
            .0
            .len(),
            2
        );
    }
}
