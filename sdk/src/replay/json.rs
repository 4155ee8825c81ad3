//! Histories as JSON, the way `temporal workflow show --output json` and the SDKs write them.
//!
//! The mapping is protobuf's own, read off the API's descriptors, so that nothing is lost.

use std::sync::LazyLock;

use persevere_proto::{DESCRIPTOR_SET, api::history::v1::History};
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
};

/// Text that is no history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryJsonError {
    /// Not JSON, or not JSON of a history.
    #[error("not a history in JSON, as written by `temporal workflow show --output json`: {0}")]
    Json(#[from] serde_json::Error),
    /// The message does not fit its own descriptor.
    #[error("not a history: {0}")]
    Message(#[from] prost::DecodeError),
}

static HISTORY: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).expect("our own descriptor set decodes");
    pool.get_message_by_name("temporal.api.history.v1.History").expect("the API has histories")
});

/// Reads a history from JSON. Fields unknown to this version of the API are skipped.
///
/// # Errors
/// The text is no JSON of a history.
pub fn history_from_json(text: &str) -> Result<History, HistoryJsonError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(HISTORY.clone(), &mut json, &options)?;
    json.end()?;
    Ok(message.transcode_to()?)
}

/// Writes a history as JSON.
///
/// # Errors
/// The history holds a message that its own descriptor does not know.
pub fn history_to_json(history: &History) -> Result<String, HistoryJsonError> {
    let mut message = DynamicMessage::new(HISTORY.clone());
    message.transcode_from(history)?;
    let mut text = Vec::new();
    let mut json = serde_json::Serializer::pretty(&mut text);
    message.serialize_with_options(&mut json, &SerializeOptions::new())?;
    Ok(String::from_utf8(text).expect("JSON is text"))
}
