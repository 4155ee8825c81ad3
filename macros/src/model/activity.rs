//! `#[activity(…)]`: the options of an activity.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;

use super::retry::Retry;
use crate::errors::Errors;
use crate::parse::options;

const OPTIONS: [&str; 7] = [
    "name",
    "start_to_close",
    "schedule_to_close",
    "schedule_to_start",
    "heartbeat",
    "retry",
    "queue",
];

/// The defaults of every call of an activity; a call's own options come before them.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) start_to_close_ms: Option<u64>,
    pub(crate) schedule_to_close_ms: Option<u64>,
    pub(crate) schedule_to_start_ms: Option<u64>,
    pub(crate) heartbeat_ms: Option<u64>,
    pub(crate) retry: Option<Retry>,
    pub(crate) queue: Option<String>,
}

impl Options {
    pub(crate) fn new(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut model = Self::default();
        for option in options::read(tokens, errors) {
            match option.name.to_string().as_str() {
                "name" => model.name = option.string(errors).map(|text| text.value()),
                "start_to_close" => model.start_to_close_ms = option.millis(errors),
                "schedule_to_close" => model.schedule_to_close_ms = option.millis(errors),
                "schedule_to_start" => model.schedule_to_start_ms = option.millis(errors),
                "heartbeat" => model.heartbeat_ms = option.millis(errors),
                "retry" => model.retry = Retry::new(&option, errors),
                "queue" => model.queue = option.string(errors).map(|text| text.value()),
                "local" => errors.at(
                    &option.name,
                    "local activities come in a later version: remove `local`, and the activity \
                     runs on any worker",
                ),
                "for" => errors.at(
                    &option.name,
                    "generic activities come in a later version: write one function for each type",
                ),
                _ => options::unknown(&option, &OPTIONS, errors),
            }
        }
        model
    }

    /// The name on the wire.
    pub(crate) fn wire_name(&self, function: &Ident) -> String {
        self.name.clone().unwrap_or_else(|| function.unraw().to_string())
    }
}
