//! `#[signal]` on a struct: the struct, its serde derives and its name on the wire.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::DeriveInput;

use super::unchanged;
use crate::errors::Errors;
use crate::model::signal::Signal;

pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if let Some(span) = fn_keyword(&item) {
        errors.span(
            span,
            "`#[signal]` goes on a struct, `#[signal] struct Approve { by: String }`, which a \
             workflow takes with `receive::<Approve>()`; signal methods come with workflows that \
             have state, in a later version",
        );
        return unchanged(item, errors);
    }
    let Some(parsed) = errors.keep(syn::parse2::<DeriveInput>(item.clone())) else {
        return unchanged(item, errors);
    };
    match Signal::new(options, &parsed, &mut errors) {
        Some(model) => expand(&model, &item, errors),
        None => unchanged(item, errors),
    }
}

fn fn_keyword(item: &TokenStream) -> Option<Span> {
    item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "fn" => Some(ident.span()),
        _ => None,
    })
}

fn expand(model: &Signal, item: &TokenStream, errors: Errors) -> TokenStream {
    let Signal { ident, name } = model;
    let errors = errors.into_tokens();
    quote! {
        #[derive(::persevere::__private::serde::Serialize, ::persevere::__private::serde::Deserialize)]
        #[serde(crate = "::persevere::__private::serde")]
        #item
        #[automatically_derived]
        impl ::persevere::Signal for #ident {
            const NAME: &'static str = #name;
        }
        #errors
    }
}
