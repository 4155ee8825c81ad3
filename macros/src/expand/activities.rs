//! `#[activities]` on an inherent `impl` block: its async methods are activities of a worker that is
//! provided with the value. The block stays as it is; each method gets a stub beside it.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::FnArg;

use super::activity::{Dependency, definition, implementation};
use super::function::Stub;
use super::{unchanged, without_attributes};
use crate::errors::Errors;
use crate::model::activity::Options;
use crate::model::function::{Function, Kind};
use crate::parse::item::{FnItem, ImplItem};

pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !options.is_empty() {
        errors.at(
            &options,
            "`#[activities]` takes no options: give them to a method with `#[activity(…)]`",
        );
    }
    let block = without_activity_attributes(item.clone());
    if let Some(message) = other_item(&item) {
        errors.span(Span::call_site(), message);
        return unchanged(block, errors);
    }
    let Some(parsed) = errors.keep(syn::parse2::<ImplItem>(item)) else {
        return unchanged(block, errors);
    };
    if let Some(trait_) = &parsed.trait_ {
        errors.at(trait_, "`#[activities]` goes on an inherent block: `impl Billing { … }`");
        return unchanged(block, errors);
    }
    if !parsed.generics.params.is_empty() {
        errors.at(
            &parsed.generics,
            "an activity has one name and one type on the wire, so its type cannot be generic: \
             write the block for one concrete type",
        );
        return unchanged(block, errors);
    }
    let self_ty = parsed.self_ty.to_token_stream();
    let stubs = parsed
        .functions
        .into_iter()
        .filter(|function| function.sig.asyncness.is_some())
        .filter_map(|function| method(function, &self_ty, &mut errors))
        .collect::<TokenStream>();
    let errors = errors.into_tokens();
    quote!(#block #stubs #errors)
}

/// What to do instead, for an item that is no `impl` block.
fn other_item(item: &TokenStream) -> Option<&'static str> {
    let mut words = item.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    });
    words.find_map(|word| match word.as_str() {
        "impl" => Some(None),
        "fn" => {
            Some(Some("`#[activities]` goes on an `impl` block; on a function it is `#[activity]`"))
        }
        "trait" => Some(Some(
            "activities from a trait come in a later version: put `#[activities]` on the `impl` \
             block of the type that implements them",
        )),
        "struct" | "enum" | "mod" => {
            Some(Some("`#[activities]` goes on the `impl` block that holds the methods"))
        }
        _ => None,
    })?
}

/// The stub, definition and implementation of one async method.
fn method(mut item: FnItem, self_ty: &TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let mut options = Options::default();
    for attr in &item.attrs {
        if attr.path().is_ident("activity") {
            let tokens = match &attr.meta {
                syn::Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            };
            options = Options::new(tokens, errors);
        }
    }
    if !takes_shared_self(&mut item, errors) | mentions_self(&item, errors) {
        return None;
    }
    let model = Function::new(item, Kind::Activity, errors)?;
    if let Some(dependency) = model.params.iter().find(|param| !param.is_argument()) {
        errors.at(&dependency.name, "a method takes its dependencies from `self`: remove `#[dep]`");
        return None;
    }
    let name = &model.name;
    let stub = Stub::activity(name).tokens(&model);
    let definition = definition(&model, &options);
    let held = format_ident!("__provided", span = Span::mixed_site()).into_token_stream();
    let arguments = model
        .arguments()
        .map(|argument| format_ident!("__{}", argument.name, span = Span::mixed_site()));
    let call = quote!(<#self_ty>::#name(&#held, #(#arguments),*));
    let dependency = Dependency { held, ty: self_ty.clone() };
    let implementation = implementation(&model, &call, &[dependency]);
    let cfgs = &model.cfgs;
    Some(quote! {
        #stub
        #cfgs
        const _: () = {
            #definition
            #implementation
        };
    })
}

/// Takes the receiver off the signature, so that what is left is the activity's arguments.
fn takes_shared_self(item: &mut FnItem, errors: &mut Errors) -> bool {
    let receiver = item.sig.inputs.first();
    let shared = match receiver {
        Some(FnArg::Receiver(receiver)) => {
            receiver.reference.as_ref().is_some_and(|(_, lifetime)| lifetime.is_none())
                && receiver.mutability.is_none()
                && receiver.colon_token.is_none()
        }
        _ => false,
    };
    if !shared {
        let message = "an activity method takes `&self`, for the worker lends it to all calls at \
                       once: write `&self`, or move the function to another `impl` block";
        match receiver {
            Some(receiver) => errors.at(receiver, message),
            None => errors.at(&item.sig.ident, message),
        }
        return false;
    }
    item.sig.inputs = std::mem::take(&mut item.sig.inputs).into_iter().skip(1).collect();
    true
}

/// The stub stands outside the block, where `Self` has no meaning.
fn mentions_self(item: &FnItem, errors: &mut Errors) -> bool {
    fn find(tokens: TokenStream) -> Option<Span> {
        tokens.into_iter().find_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => Some(ident.span()),
            TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    let output = item.sig.output.to_token_stream();
    let Some(span) = find(item.sig.inputs.to_token_stream()).or_else(|| find(output)) else {
        return false;
    };
    errors.span(
        span,
        "the stub of this activity stands outside the block: name the type instead of `Self`",
    );
    true
}

/// The block without the `#[activity(…)]` on its methods, which are read here and mean nothing there.
fn without_activity_attributes(item: TokenStream) -> TokenStream {
    without_attributes(item, Delimiter::Brace, &["activity"])
}
