//! Values as payloads: one payload for each argument, as every other language's SDK does.
//!
//! A value is JSON (`json/plain`); unit and `None` are `binary/null`. A payload that is missing
//! decodes as null, so that an optional argument may be added at the end.
//!
//! Deliberately absent: compression and encryption, which belong to a codec around the whole.

use persevere_proto::api::common::v1::Payload;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::runtime::spec::DecodeError;

const ENCODING: &str = "encoding";
const JSON: &str = "json/plain";
const NULL: &str = "binary/null";

/// What can be an argument or a result: anything that serde can write and read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross the wire",
    note = "derive it: `#[derive(Serialize, Deserialize)]`"
)]
pub trait Value: Serialize + DeserializeOwned + 'static {}

impl<T: Serialize + DeserializeOwned + 'static> Value for T {}

/// A value that could not be written as a payload.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what} cannot be encoded as JSON: {reason}")]
pub struct EncodeError {
    what: String,
    reason: String,
}

/// Encodes one value; `what` names it in the error.
pub(crate) fn encode<T: Serialize>(value: &T, what: &str) -> Result<Payload, EncodeError> {
    let data = serde_json::to_vec(value)
        .map_err(|error| EncodeError { what: what.to_owned(), reason: error.to_string() })?;
    let (encoding, data) = if data == b"null" { (NULL, Vec::new()) } else { (JSON, data) };
    let metadata = [(ENCODING.to_owned(), encoding.as_bytes().to_vec())].into();
    Ok(Payload { metadata, data, ..Default::default() })
}

/// Decodes one value; `what` names it in the error. A missing payload is null.
pub(crate) fn decode<T: DeserializeOwned>(
    payload: Option<&Payload>,
    what: &str,
) -> Result<T, DecodeError> {
    let Some(payload) = payload else {
        return serde_json::from_slice(b"null")
            .map_err(|_| DecodeError { message: format!("{what} is missing") });
    };
    let encoding = payload.metadata.get(ENCODING).map(Vec::as_slice).unwrap_or_default();
    let json: &[u8] = match encoding {
        encoding if encoding == JSON.as_bytes() => &payload.data,
        encoding if encoding == NULL.as_bytes() => b"null",
        other => {
            let other = String::from_utf8_lossy(other);
            let message = format!("{what} has the encoding `{other}`; known are {JSON} and {NULL}");
            return Err(DecodeError { message });
        }
    };
    serde_json::from_slice(json).map_err(|error| {
        let expected = std::any::type_name::<T>();
        DecodeError { message: format!("{what} is no `{expected}`: {error}") }
    })
}

/// The arguments of a function, as a tuple.
pub trait Arguments: Sized + 'static {
    /// One payload for each argument.
    ///
    /// # Errors
    /// An argument has no JSON form, such as a map whose keys are no strings.
    fn encode(&self, names: &[&str]) -> Result<Vec<Payload>, EncodeError>;

    /// The arguments in `payloads`.
    ///
    /// # Errors
    /// There are too many, one that is not optional is missing, or one has another type.
    fn decode(payloads: &[Payload], names: &[&str]) -> Result<Self, DecodeError>;
}

fn label(names: &[&str], index: usize) -> String {
    match names.get(index) {
        Some(name) => format!("argument {} `{name}`", index + 1),
        None => format!("argument {}", index + 1),
    }
}

macro_rules! arguments {
    ($count:literal $($name:ident $index:tt)*) => {
        impl<$($name: Value),*> Arguments for ($($name,)*) {
            fn encode(&self, names: &[&str]) -> Result<Vec<Payload>, EncodeError> {
                let _ = names;
                Ok(vec![$(encode(&self.$index, &label(names, $index))?),*])
            }

            fn decode(payloads: &[Payload], names: &[&str]) -> Result<Self, DecodeError> {
                let _ = names;
                if payloads.len() > $count {
                    let got = payloads.len();
                    let message = format!("expected {} arguments, got {got}", $count);
                    return Err(DecodeError { message });
                }
                Ok(($(decode::<$name>(payloads.get($index), &label(names, $index))?,)*))
            }
        }
    };
}

arguments!(0);
arguments!(1 A 0);
arguments!(2 A 0 B 1);
arguments!(3 A 0 B 1 C 2);
arguments!(4 A 0 B 1 C 2 D 3);
arguments!(5 A 0 B 1 C 2 D 3 E 4);
arguments!(6 A 0 B 1 C 2 D 3 E 4 F 5);
arguments!(7 A 0 B 1 C 2 D 3 E 4 F 5 G 6);
arguments!(8 A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(payload: &Payload) -> &str {
        std::str::from_utf8(&payload.metadata[ENCODING]).expect("encodings are ASCII")
    }

    #[test]
    fn several_arguments_are_several_payloads_of_json() {
        let payloads = ("Ada".to_owned(), 36).encode(&["name", "age"]).expect("JSON");
        let data: Vec<_> = payloads.iter().map(|payload| payload.data.as_slice()).collect();
        assert_eq!(data, [b"\"Ada\"".as_slice(), b"36"]);
        assert!(payloads.iter().all(|payload| encoding(payload) == JSON));
        assert_eq!(
            <(String, i32)>::decode(&payloads, &[]).expect("it was encoded"),
            ("Ada".into(), 36)
        );
    }

    #[test]
    fn unit_and_none_are_null() {
        for payload in [encode(&(), "x"), encode(&None::<u8>, "x")] {
            let payload = payload.expect("null");
            assert_eq!((encoding(&payload), payload.data.len()), (NULL, 0));
            assert_eq!(decode::<Option<u8>>(Some(&payload), "x").expect("null is none"), None);
        }
    }

    #[test]
    fn an_optional_argument_may_be_missing_and_no_other() {
        assert_eq!(<(Option<u8>,)>::decode(&[], &["age"]).expect("optional"), (None,));
        let error = <(u8,)>::decode(&[], &["age"]).expect_err("required");
        assert_eq!(error.message, "argument 1 `age` is missing");
    }

    #[test]
    fn messages_name_the_argument_and_what_is_wrong() {
        let payloads = ("x",).0;
        let payload = encode(&payloads, "x").expect("JSON");
        let error = <(u8,)>::decode(std::slice::from_ref(&payload), &["age"]).expect_err("text");
        assert!(error.message.starts_with("argument 1 `age` is no `u8`: "), "{}", error.message);
        let error = <()>::decode(std::slice::from_ref(&payload), &[]).expect_err("too many");
        assert_eq!(error.message, "expected 0 arguments, got 1");
        let odd = Payload { metadata: [(ENCODING.into(), b"x/y".to_vec())].into(), ..payload };
        let error = <(u8,)>::decode(&[odd], &["age"]).expect_err("unknown encoding");
        assert!(error.message.contains("`x/y`"), "{}", error.message);
    }
}
