//! CBOR to JSON values and back, as far as CloudWatch's shapes need it: no blobs, no big numbers.

use minicbor::{
    Decoder, Encoder,
    data::{IanaTag, Type},
};
use serde_json::{Map, Number, Value};

use crate::error::AwsError;

/// The members that are timestamps: numbers of seconds in JSON, tagged numbers in CBOR.
const TIMESTAMPS: [&str; 2] = ["Timestamp", "Timestamps"];
/// How deep a request may nest; CloudWatch's own shapes need seven levels.
const DEEPEST: usize = 32;

/// Reads one CBOR item; an empty body is an empty structure.
///
/// # Errors
/// `SerializationException` for what is no CBOR, or no CBOR that CloudWatch's shapes have.
pub(crate) fn decode(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    item(&mut Decoder::new(body), DEEPEST).map_err(|error| {
        AwsError::new(
            "SerializationException",
            format!("The request's body is not CBOR: {error}."),
        )
    })
}

type DecodeResult<T> = Result<T, minicbor::decode::Error>;

fn item(decoder: &mut Decoder<'_>, depth: usize) -> DecodeResult<Value> {
    if depth == 0 {
        return Err(minicbor::decode::Error::message("it nests too deep"));
    }
    Ok(match decoder.datatype()? {
        Type::Map | Type::MapIndef => {
            let mut members = Map::new();
            let length = decoder.map()?;
            while more(decoder, length, members.len())? {
                let name = text(decoder)?;
                members.insert(name, item(decoder, depth - 1)?);
            }
            Value::Object(members)
        }
        Type::Array | Type::ArrayIndef => {
            let mut items = Vec::new();
            let length = decoder.array()?;
            while more(decoder, length, items.len())? {
                items.push(item(decoder, depth - 1)?);
            }
            Value::Array(items)
        }
        Type::Tag => {
            decoder.tag()?;
            item(decoder, depth - 1)?
        }
        Type::String | Type::StringIndef => Value::String(text(decoder)?),
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::F16 | Type::F32 | Type::F64 => {
            Number::from_f64(decoder.f64()?).map_or(Value::Null, Value::Number)
        }
        _ => Value::Number(decoder.i64()?.into()),
    })
}

/// Whether another item follows in a container of known or unknown length.
fn more(decoder: &mut Decoder<'_>, length: Option<u64>, read: usize) -> DecodeResult<bool> {
    match length {
        Some(length) => Ok((read as u64) < length),
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

fn text(decoder: &mut Decoder<'_>) -> DecodeResult<String> {
    decoder.str_iter()?.collect()
}

/// Writes a value.
pub(crate) fn encode(value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to a vector cannot fail.
    let _ = write(&mut encoder, value, false);
    encoder.into_writer()
}

type EncodeResult = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(encoder: &mut Encoder<Vec<u8>>, value: &Value, is_time: bool) -> EncodeResult {
    match value {
        Value::Null => encoder.null()?,
        Value::Bool(value) => encoder.bool(*value)?,
        Value::String(text) => encoder.str(text)?,
        Value::Number(number) => {
            if is_time {
                encoder.tag(IanaTag::Timestamp)?;
            }
            match number.as_i64() {
                Some(whole) => encoder.i64(whole)?,
                None => encoder.f64(number.as_f64().unwrap_or_default())?,
            }
        }
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            return items
                .iter()
                .try_for_each(|item| write(encoder, item, is_time));
        }
        Value::Object(members) => {
            encoder.map(members.len() as u64)?;
            for (name, member) in members {
                encoder.str(name)?;
                write(encoder, member, TIMESTAMPS.contains(&name.as_str()))?;
            }
            return Ok(());
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({ "Timestamps": [1.5, 2.0], "Values": [1.0], "Id": "a", "More": null, "Ok": true, "Whole": -3 });
        assert_eq!(decode(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn containers_and_texts_of_unknown_length_are_read() {
        let body = [
            0xbf, 0x7f, 0x61, b'a', 0x61, b'b', 0xff, 0x9f, 0x01, 0xc1, 0xfb, 0x3f, 0xf8, 0, 0, 0,
            0, 0, 0, 0xff, 0xff,
        ];
        assert_eq!(decode(&body).unwrap(), json!({ "ab": [1, 1.5] }));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&body);
        }

        #[test]
        fn no_nesting_overflows(depth in 0_usize..100_000) {
            let _ = decode(&vec![0x81; depth]);
        }
    }
}
