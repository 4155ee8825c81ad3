//! Meaning to tokens. What is generated stays small: logic lives in generic functions of
//! `::persevere::__private`, where it is compiled once and can be read and tested.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
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

/// The item without these attributes of ours directly within its braces or parentheses: they are
/// read by the attribute around them, and mean nothing to the compiler.
fn without_attributes(item: TokenStream, within: Delimiter, names: &[&str]) -> TokenStream {
    let strip = |group: Group| {
        let mut kept = TokenStream::new();
        let mut tokens = group.stream().into_iter().peekable();
        while let Some(token) = tokens.next() {
            let hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
            match tokens.peek() {
                Some(TokenTree::Group(attribute)) if hash && is_one_of(attribute, names) => {
                    tokens.next();
                }
                _ => kept.extend([token]),
            }
        }
        let mut stripped = Group::new(group.delimiter(), kept);
        stripped.set_span(group.span());
        stripped
    };
    item.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == within => strip(group).into(),
            other => other,
        })
        .collect()
}

fn is_one_of(attribute: &Group, names: &[&str]) -> bool {
    let first = attribute.stream().into_iter().next();
    attribute.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(ident)) if names.iter().any(|name| ident == name))
}

#[cfg(test)]
mod tests;
