//! `#[workflow]` on an async function.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::function::{self, Stub};
use super::{defaults, unchanged, without_attributes};
use crate::deny;
use crate::errors::Errors;
use crate::model::function::{Function, Kind};
use crate::model::workflow::Options;
use crate::parse::item::FnItem;

pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::new(options, &mut errors);
    if let Some(keyword) = impl_keyword(&item) {
        errors.span(
            keyword,
            "workflows with state (`#[workflow] impl Cart { … }`) come in a later version: for now \
             write the workflow as an `async fn` and keep its state in local variables",
        );
        let methods = ["init", "run", "query", "signal", "update"];
        return unchanged(without_attributes(item, Delimiter::Brace, &methods), errors);
    }
    let Some(parsed) = errors.keep(syn::parse2::<FnItem>(item.clone())) else {
        return unchanged(item, errors);
    };
    if let Some(body) = &parsed.body {
        deny::scan(body, &mut errors);
    }
    let Some(model) = Function::new(parsed, Kind::Workflow, &mut errors) else {
        return unchanged(without_attributes(item, Delimiter::Parenthesis, &["dep"]), errors);
    };
    expand(&model, &options, errors)
}

/// The `impl` of an item that is an `impl` block.
fn impl_keyword(item: &TokenStream) -> Option<Span> {
    let mut tokens = item.clone().into_iter().peekable();
    while let Some(TokenTree::Punct(_)) = tokens.peek() {
        tokens.next();
        tokens.next();
    }
    tokens.find_map(|token| match token {
        TokenTree::Ident(ident) if ident == "impl" => Some(Some(ident.span())),
        TokenTree::Ident(ident) if ident == "unsafe" => None,
        _ => Some(None),
    })?
}

fn expand(model: &Function, options: &Options, errors: Errors) -> TokenStream {
    let name = &model.name;
    let stub = Stub::workflow(name).tokens(model);
    let plain = function::plain(model);
    let definition = definition(model, options);
    let input = function::input(model);
    let arguments: Vec<_> = (0..model.params.len())
        .map(|index| format_ident!("argument_{index}", span = Span::mixed_site()))
        .collect();
    let cfgs = &model.cfgs;
    let errors = errors.into_tokens();
    quote! {
        #stub
        #cfgs
        const _: () = {
            #definition
            #[automatically_derived]
            impl ::persevere::__private::WorkflowImplementation for #name {
                async fn start(
                    (#(#arguments,)*): #input,
                ) -> ::core::result::Result<Self::Output, Self::Error> {
                    ::persevere::__private::Returned::into_result(
                        #name::run(#(#arguments),*).await,
                    )
                }
            }
            ::persevere::__private::inventory::submit! {
                ::persevere::__private::WorkflowDefinition::of::<#name>()
            }
        };
        #plain
        #errors
    }
}

fn definition(model: &Function, options: &Options) -> TokenStream {
    let wire_name = options.wire_name(&model.name);
    function::definition(model, "Workflow", &wire_name, &defaults::workflow(options))
}
