//! Options as constants.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::retry::Retry;
use crate::model::{activity, workflow};

/// The constant `DEFAULTS` of an activity.
pub(crate) fn activity(options: &activity::Options) -> TokenStream {
    let fields: TokenStream = [
        ("start_to_close", duration(options.start_to_close_ms)),
        ("schedule_to_close", duration(options.schedule_to_close_ms)),
        ("schedule_to_start", duration(options.schedule_to_start_ms)),
        ("heartbeat", duration(options.heartbeat_ms)),
        ("retry", options.retry.as_ref().map(retry)),
        ("queue", text(options.queue.as_deref())),
    ]
    .into_iter()
    .filter_map(field)
    .collect();
    quote! {
        const DEFAULTS: ::persevere::__private::ActivityDefaults =
            ::persevere::__private::ActivityDefaults {
                #fields ..::persevere::__private::ActivityDefaults::NONE
            };
    }
}

/// The constant `DEFAULTS` of a workflow.
pub(crate) fn workflow(options: &workflow::Options) -> TokenStream {
    let fields: TokenStream = [
        ("execution_timeout", duration(options.execution_timeout_ms)),
        ("run_timeout", duration(options.run_timeout_ms)),
        ("task_timeout", duration(options.task_timeout_ms)),
        ("retry", options.retry.as_ref().map(retry)),
        ("queue", text(options.queue.as_deref())),
    ]
    .into_iter()
    .filter_map(field)
    .collect();
    quote! {
        const DEFAULTS: ::persevere::__private::WorkflowDefaults =
            ::persevere::__private::WorkflowDefaults {
                #fields ..::persevere::__private::WorkflowDefaults::NONE
            };
    }
}

fn retry(retry: &Retry) -> TokenStream {
    let attempts = retry.max_attempts.map(|count| quote!(#count));
    let coefficient = retry.coefficient.map(|factor| quote!(#factor));
    let fields: TokenStream = [
        ("initial", duration(retry.initial_ms)),
        ("max_attempts", attempts),
        ("coefficient", coefficient),
        ("max_interval", duration(retry.max_interval_ms)),
    ]
    .into_iter()
    .filter_map(field)
    .collect();
    let non_retryable = &retry.non_retryable;
    quote! {
        ::persevere::__private::RetryDefaults {
            #fields
            non_retryable: &[#(#non_retryable),*],
            ..::persevere::__private::RetryDefaults::NONE
        }
    }
}

fn duration(millis: Option<u64>) -> Option<TokenStream> {
    millis.map(|millis| quote!(::core::time::Duration::from_millis(#millis)))
}

fn text(text: Option<&str>) -> Option<TokenStream> {
    text.map(|text| quote!(#text))
}

fn field((name, value): (&str, Option<TokenStream>)) -> Option<TokenStream> {
    let name = proc_macro2::Ident::new(name, proc_macro2::Span::call_site());
    value.map(|value| quote!(#name: ::core::option::Option::Some(#value),))
}
