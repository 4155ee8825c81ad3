//! Meaning to tokens. What is generated stays small: logic lives in generic functions of
//! `::persevere::__private`, where it is compiled once and can be read and tested.

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;

pub(crate) mod activities;
pub(crate) mod activity;
pub(crate) mod defaults;
pub(crate) mod failure;
pub(crate) mod function;
pub(crate) mod signal;
pub(crate) mod test;
pub(crate) mod workflow;

/// The user's item as it was, beside the errors: for items that cannot be expanded.
fn unchanged(item: TokenStream, errors: Errors) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#item #errors)
}

#[cfg(test)]
mod tests;
