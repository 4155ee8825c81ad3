//! `retry(initial = "1s", max_attempts = 5, …)`: how a failed attempt is tried again.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{LitStr, Token};

use crate::errors::Errors;
use crate::parse::options::{self, Opt, Value};

const EXAMPLE: &str = "retry(initial = \"1s\", max_attempts = 5)";

/// A retry policy; what is `None` the server decides.
#[derive(Default)]
pub(crate) struct Retry {
    pub(crate) initial_ms: Option<u64>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) coefficient: Option<f64>,
    pub(crate) max_interval_ms: Option<u64>,
    pub(crate) non_retryable: Vec<String>,
}

impl Retry {
    pub(crate) fn new(option: &Opt, errors: &mut Errors) -> Option<Self> {
        let mut retry = Self::default();
        for inner in options::read(option.list(EXAMPLE, errors)?, errors) {
            match inner.name.to_string().as_str() {
                "initial" => retry.initial_ms = inner.millis(errors),
                "max_attempts" => retry.max_attempts = inner.count(errors),
                "coefficient" => retry.coefficient = inner.factor(errors),
                "max_interval" => {
                    retry.max_interval_ms = inner.millis(errors);
                    retry.check_interval(&inner, errors);
                }
                "non_retryable" => retry.non_retryable = error_types(&inner, errors),
                _ => options::unknown(
                    &inner,
                    &["initial", "max_attempts", "coefficient", "max_interval", "non_retryable"],
                    errors,
                ),
            }
        }
        Some(retry)
    }

    /// The server refuses a maximum below the first interval.
    fn check_interval(&self, option: &Opt, errors: &mut Errors) {
        if let (Some(initial), Some(max)) = (self.initial_ms, self.max_interval_ms)
            && max < initial
        {
            errors.at(&option.name, "`max_interval` must not be shorter than `initial`");
        }
    }
}

fn error_types(option: &Opt, errors: &mut Errors) -> Vec<String> {
    let tokens = match &option.value {
        Value::List(tokens) => tokens.clone(),
        Value::None | Value::Is(_) => TokenStream::new(),
    };
    let names = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(tokens);
    match names {
        Ok(names) if !names.is_empty() => names.iter().map(LitStr::value).collect(),
        _ => {
            errors.at(
                &option.name,
                "expected the types of errors that end the retries: \
                 `non_retryable(\"Declined\", \"Invalid\")`",
            );
            Vec::new()
        }
    }
}
