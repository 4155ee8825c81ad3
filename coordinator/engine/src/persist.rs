//! What is stored of an execution, as bytes: its overlay, and its history in batches.
//!
//! The schema is `persevere.state.v1`, in the crate `persevere-proto`; a stored value decodes to
//! exactly the value that was encoded, and what an older version wrote reads as the zero value of
//! the fields that it did not know.
//!
//! Not here: where the bytes are kept, and tokens, which are the API layer's.

mod decode;
mod encode;

use persevere_proto::{
    api::{enums::v1::EventType, history::v1::HistoryEvent},
    state as stored,
};
use prost::{Message as _, encoding};

use crate::state::{FoldError, Overlay, Recorded, RequestId};

/// Stored bytes that do not make what they should: this run stops, loudly, and no other.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PersistError {
    /// The bytes are not the message that was stored.
    #[error("the stored {what} cannot be decoded: {source}")]
    Undecodable {
        /// What was read.
        what: &'static str,
        /// Why not.
        source: prost::DecodeError,
    },
    /// A field without which the state makes no sense is absent.
    #[error("the stored overlay lacks {0}")]
    Missing(&'static str),
    /// The stored history does not fold.
    #[error(transparent)]
    Corrupt(#[from] FoldError),
    /// There is no history at all.
    #[error("there is no stored history")]
    NoHistory,
}

/// Encodes an overlay for storage.
#[must_use]
pub fn encode_overlay(overlay: &Overlay) -> Vec<u8> {
    encode::overlay(overlay).encode_to_vec()
}

/// Reads a stored overlay.
///
/// # Errors
/// If the bytes are not an overlay.
pub fn decode_overlay(bytes: &[u8]) -> Result<Overlay, PersistError> {
    let overlay = stored::Overlay::decode(bytes)
        .map_err(|source| PersistError::Undecodable { what: "overlay", source })?;
    decode::overlay(overlay)
}

/// Encodes what a transition adds to the history, as a `persevere.state.v1.HistoryBatch`.
#[must_use]
pub fn encode_batch(events: &[HistoryEvent], requests: &[(String, RequestId)]) -> Vec<u8> {
    // By hand, since the message type would want to own a copy of every event.
    const EVENTS: u32 = 1;
    const REQUESTS: u32 = 2;
    let requests: Vec<_> = requests.iter().map(encode::request).collect();
    let length = encoding::message::encoded_len_repeated(EVENTS, events)
        + encoding::message::encoded_len_repeated(REQUESTS, &requests);
    let mut bytes = Vec::with_capacity(length);
    encoding::message::encode_repeated(EVENTS, events, &mut bytes);
    encoding::message::encode_repeated(REQUESTS, &requests, &mut bytes);
    bytes
}

/// Reads what a transition added to the history.
///
/// # Errors
/// If the bytes are not a batch.
pub fn decode_batch(bytes: &[u8]) -> Result<stored::HistoryBatch, PersistError> {
    stored::HistoryBatch::decode(bytes)
        .map_err(|source| PersistError::Undecodable { what: "history batch", source })
}

/// Folds a stored history, batch by batch from the first.
///
/// # Errors
/// If there is none, a batch cannot be decoded or the events do not follow from one another.
pub fn fold_batches<'b>(
    batches: impl IntoIterator<Item = &'b [u8]>,
) -> Result<Recorded, PersistError> {
    let mut recorded: Option<Recorded> = None;
    for bytes in batches {
        let batch = decode_batch(bytes)?;
        for event in &batch.events {
            match &mut recorded {
                Some(recorded) => recorded.fold(event)?,
                None => recorded = Some(Recorded::begin(event)?),
            }
        }
        for request in batch.requests {
            let recorded = recorded.as_mut().ok_or(PersistError::NoHistory)?;
            let event_type = EventType::try_from(request.event_type).unwrap_or_default();
            recorded.note_request(&request.request_id, request.event_id, event_type);
        }
    }
    recorded.ok_or(PersistError::NoHistory)
}

#[cfg(test)]
mod tests;
