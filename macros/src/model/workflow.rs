//! `#[workflow(…)]`: the options of a workflow.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;

use super::retry::Retry;
use crate::errors::Errors;
use crate::parse::options;

const OPTIONS: [&str; 6] =
    ["name", "execution_timeout", "run_timeout", "task_timeout", "retry", "queue"];

/// The defaults of every start of a workflow; a call's own options come before them.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<String>,
    pub(crate) execution_timeout_ms: Option<u64>,
    pub(crate) run_timeout_ms: Option<u64>,
    pub(crate) task_timeout_ms: Option<u64>,
    pub(crate) retry: Option<Retry>,
    pub(crate) queue: Option<String>,
}

impl Options {
    pub(crate) fn new(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut model = Self::default();
        for option in options::read(tokens, errors) {
            match option.name.to_string().as_str() {
                "name" => model.name = option.string(errors).map(|text| text.value()),
                "execution_timeout" => model.execution_timeout_ms = option.millis(errors),
                "run_timeout" => model.run_timeout_ms = option.millis(errors),
                "task_timeout" => model.task_timeout_ms = option.millis(errors),
                "retry" => model.retry = Retry::new(&option, errors),
                "queue" => model.queue = option.string(errors).map(|text| text.value()),
                "version" | "patch" => errors.at(
                    &option.name,
                    "versioning comes in a later version of Persevere: for now give a changed \
                     workflow a new `name`",
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
