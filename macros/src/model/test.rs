//! `#[persevere::test]`: an async function that takes a harness.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::FnArg;

use crate::errors::Errors;
use crate::parse::item::FnItem;
use crate::parse::options;

/// A test.
pub(crate) struct Test {
    /// How many seeds to run it with, each with other faults; without it runs once, undisturbed.
    pub(crate) chaos: Option<u32>,
    pub(crate) name: Ident,
    pub(crate) vis: TokenStream,
    pub(crate) attrs: TokenStream,
    pub(crate) param: TokenStream,
    /// The return type with its arrow, if any.
    pub(crate) output: TokenStream,
    pub(crate) body: TokenStream,
}

impl Test {
    pub(crate) fn new(options: TokenStream, item: FnItem, errors: &mut Errors) -> Option<Self> {
        let mut chaos = None;
        for option in options::read(options, errors) {
            match option.name.to_string().as_str() {
                "chaos" => chaos = option.count(errors),
                _ => options::unknown(&option, &["chaos"], errors),
            }
        }
        let name = &item.sig.ident;
        let shape = format!("write `async fn {name}(t: Harness)`");
        let mut usable = true;
        if item.sig.asyncness.is_none() {
            errors.at(&item.sig.fn_token, format!("a test is an `async fn`: {shape}"));
            usable = false;
        }
        if !item.sig.generics.params.is_empty() {
            errors.at(&item.sig.generics, "a test cannot be generic");
            usable = false;
        }
        let param = match item.sig.inputs.iter().collect::<Vec<_>>()[..] {
            [FnArg::Typed(param)] => Some(param.to_token_stream()),
            [] => {
                errors.at(name, format!("a test takes the harness: {shape}"));
                None
            }
            [_, ..] => {
                errors.at(
                    &item.sig.inputs,
                    format!("a test takes the harness and nothing else: {shape}"),
                );
                None
            }
        };
        if item.body.is_none() {
            errors.at(name, "a test needs a body");
        }
        let attrs = item.attrs.iter().map(ToTokens::to_token_stream).collect();
        Some(Self {
            chaos,
            vis: item.vis.to_token_stream(),
            attrs,
            param: param.filter(|_| usable)?,
            output: item.sig.output.to_token_stream(),
            body: item.body?,
            name: item.sig.ident,
        })
    }
}
