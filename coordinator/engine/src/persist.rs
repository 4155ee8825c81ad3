//! The overlay as bytes, by the schema in `proto/schema`.
use crate::state::Overlay;

/// Stored bytes that do not make an overlay.
#[derive(Debug, thiserror::Error)]
#[error("stored execution state cannot be read: {0}")]
pub struct PersistError(pub String);

/// Encodes an overlay for storage.
#[must_use]
pub fn encode_overlay(_overlay: &Overlay) -> Vec<u8> {
    todo!()
}
/// Reads a stored overlay.
///
/// # Errors
/// If the bytes are not an overlay.
pub fn decode_overlay(_bytes: &[u8]) -> Result<Overlay, PersistError> {
    todo!()
}
